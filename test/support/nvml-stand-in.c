/*
 * Stands in for libnvidia-ml.so.1 in tests: the same functions and structures, answering from a text file named "state" beside the
 * library, which a test rewrites as time goes by. One "name value" a line; boards are numbered, as in "0.energy 1000".
 * A board without a value answers NOT_SUPPORTED; "0.energy.code 15" makes a function fail with that code.
 * With -DOLD_DRIVER only the first version of each function is there.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

typedef void *nvmlDevice_t;
typedef unsigned long long u64;

enum { SUCCESS = 0, INVALID_ARGUMENT = 2, NOT_SUPPORTED = 3, NOT_FOUND = 6, INSUFFICIENT_SIZE = 7, VERSION_MISMATCH = 25 };

/* Handles use all 64 bits, so that one cut to 32 would be noticed. */
static const u64 handle_base = 0x7f0012340000ULL;

static int value_of(const char *name, char *value, size_t size) {
  Dl_info info;
  char path[4096], line[4096];
  if (!dladdr((void *)value_of, &info)) return 0;
  snprintf(path, sizeof path, "%s", info.dli_fname);
  char *slash = strrchr(path, '/');
  if (!slash) return 0;
  strcpy(slash + 1, "state");
  FILE *file = fopen(path, "r");
  if (!file) return 0;
  int found = 0;
  size_t length = strlen(name);
  while (!found && fgets(line, sizeof line, file)) {
    if (strncmp(line, name, length) != 0 || line[length] != ' ') continue;
    line[strcspn(line, "\n")] = 0;
    snprintf(value, size, "%s", line + length + 1);
    found = 1;
  }
  fclose(file);
  return found;
}

static u64 number_of(const char *name, u64 otherwise) {
  char value[64];
  return value_of(name, value, sizeof value) ? strtoull(value, NULL, 10) : otherwise;
}

/* The board's own name of a value, or the code with which the function has to fail. */
static int board_value(nvmlDevice_t device, const char *what, char *value, size_t size) {
  char name[128];
  u64 index = (u64)device - handle_base;
  if (index >= number_of("count", 0)) return INVALID_ARGUMENT;
  u64 generation = number_of("lost", 0);
  if (generation) return (int)generation;
  snprintf(name, sizeof name, "%llu.%s.code", index, what);
  int code = (int)number_of(name, 0);
  if (code) return code;
  snprintf(name, sizeof name, "%llu.%s", index, what);
  return value_of(name, value, size) ? SUCCESS : NOT_SUPPORTED;
}

static int board_number(nvmlDevice_t device, const char *what, u64 *number) {
  char value[64];
  int code = board_value(device, what, value, sizeof value);
  if (code == SUCCESS) *number = strtoull(value, NULL, 10);
  return code;
}

static int board_uint(nvmlDevice_t device, const char *what, unsigned *number) {
  u64 wide;
  int code = board_number(device, what, &wide);
  if (code == SUCCESS) *number = (unsigned)wide;
  return code;
}

static int board_text(nvmlDevice_t device, const char *what, char *text, unsigned length) {
  char value[256];
  int code = board_value(device, what, value, sizeof value);
  if (code == SUCCESS) snprintf(text, length, "%s", value);
  return code;
}

int nvmlInit_v2(void) { return (int)number_of("init", SUCCESS); }
int nvmlShutdown(void) { return SUCCESS; }

int nvmlSystemGetDriverVersion(char *text, unsigned length) {
  char value[80];
  if (!value_of("driver", value, sizeof value)) return 999;
  snprintf(text, length, "%s", value);
  return SUCCESS;
}

int nvmlDeviceGetCount_v2(unsigned *count) {
  *count = (unsigned)number_of("count", 0);
  return SUCCESS;
}

int nvmlDeviceGetHandleByIndex_v2(unsigned index, nvmlDevice_t *device) {
  *device = (nvmlDevice_t)(handle_base + index);
  return SUCCESS;
}

int nvmlDeviceGetName(nvmlDevice_t device, char *text, unsigned length) { return board_text(device, "name", text, length); }
int nvmlDeviceGetUUID(nvmlDevice_t device, char *text, unsigned length) { return board_text(device, "uuid", text, length); }

typedef struct {
  char busIdLegacy[16];
  unsigned domain, bus, device, pciDeviceId, pciSubSystemId;
  char busId[32];
} nvmlPciInfo_t;

int nvmlDeviceGetPciInfo_v3(nvmlDevice_t device, nvmlPciInfo_t *info) {
  memset(info, 0x55, sizeof *info);
  return board_text(device, "pci", info->busId, sizeof info->busId);
}

int nvmlDeviceGetMigMode(nvmlDevice_t device, unsigned *current, unsigned *pending) {
  *pending = 1;
  return board_uint(device, "mig", current);
}

int nvmlDeviceGetEnforcedPowerLimit(nvmlDevice_t device, unsigned *mW) { return board_uint(device, "limit", mW); }

int nvmlDeviceGetTotalEnergyConsumption(nvmlDevice_t device, u64 *mJ) {
  char name[64];
  snprintf(name, sizeof name, "%llu.energy.sleep_ms", (u64)device - handle_base);
  usleep((unsigned)number_of(name, 0) * 1000);
  return board_number(device, "energy", mJ);
}

int nvmlDeviceGetPowerUsage(nvmlDevice_t device, unsigned *mW) { return board_uint(device, "power", mW); }

typedef struct { unsigned gpu, memory; } nvmlUtilization_t;

int nvmlDeviceGetUtilizationRates(nvmlDevice_t device, nvmlUtilization_t *rates) {
  rates->memory = 99;
  return board_uint(device, "busy", &rates->gpu);
}

#ifndef OLD_DRIVER
typedef struct { unsigned version; u64 total, reserved, free, used; } nvmlMemory_v2_t;

int nvmlDeviceGetMemoryInfo_v2(nvmlDevice_t device, nvmlMemory_v2_t *memory) {
  if (memory->version != (sizeof *memory | 2u << 24)) return VERSION_MISMATCH;
  memory->reserved = 111;
  memory->free = 222;
  int code = board_number(device, "memory.total", &memory->total);
  return code == SUCCESS ? board_number(device, "memory.used", &memory->used) : code;
}
#endif

typedef struct { u64 total, free, used; } nvmlMemory_t;

int nvmlDeviceGetMemoryInfo(nvmlDevice_t device, nvmlMemory_t *memory) {
  memory->free = 222;
  int code = board_number(device, "memory.total", &memory->total);
  return code == SUCCESS ? board_number(device, "memory.used", &memory->used) : code;
}

typedef struct { unsigned pid; u64 usedGpuMemory; } nvmlProcessInfo_v1_t;
typedef struct { unsigned pid; u64 usedGpuMemory; unsigned gpuInstanceId, computeInstanceId; } nvmlProcessInfo_v2_t;

/* "pid:memory,pid:memory" */
static int running(nvmlDevice_t device, unsigned *count, char *infos, size_t size) {
  char value[1024];
  int code = board_value(device, "running", value, sizeof value);
  if (code != SUCCESS) return code;
  unsigned needed = 0, room = infos ? *count : 0;
  for (char *part = strtok(value, ","); part; part = strtok(NULL, ",")) {
    unsigned pid;
    u64 memory;
    if (sscanf(part, "%u:%llu", &pid, &memory) != 2) continue;
    if (needed < room) {
      char *info = infos + needed * size;
      memset(info, 0x55, size);
      *(unsigned *)info = pid;
      *(u64 *)(info + 8) = memory;
    }
    needed += 1;
  }
  *count = needed;
  return needed > room ? INSUFFICIENT_SIZE : SUCCESS;
}

int nvmlDeviceGetComputeRunningProcesses(nvmlDevice_t device, unsigned *count, nvmlProcessInfo_v1_t *infos) {
  return running(device, count, (char *)infos, sizeof *infos);
}

#ifndef OLD_DRIVER
int nvmlDeviceGetComputeRunningProcesses_v3(nvmlDevice_t device, unsigned *count, nvmlProcessInfo_v2_t *infos) {
  return running(device, count, (char *)infos, sizeof *infos);
}
#endif

typedef struct {
  unsigned pid;
  u64 timeStamp;
  unsigned smUtil, memUtil, encUtil, decUtil;
} nvmlProcessUtilizationSample_t;

/* "pid:timestamp:sm,…" */
int nvmlDeviceGetProcessUtilization(nvmlDevice_t device, nvmlProcessUtilizationSample_t *samples, unsigned *count, u64 seen) {
  char value[1024];
  (void)seen; /* Drivers hand out older samples too. */
  int code = board_value(device, "samples", value, sizeof value);
  if (code != SUCCESS) return code;
  unsigned needed = 0, room = samples ? *count : 0;
  for (char *part = strtok(value, ","); part; part = strtok(NULL, ",")) {
    nvmlProcessUtilizationSample_t sample = {.memUtil = 77, .encUtil = 77, .decUtil = 77};
    if (sscanf(part, "%u:%llu:%u", &sample.pid, &sample.timeStamp, &sample.smUtil) != 3) continue;
    if (needed < room) samples[needed] = sample;
    needed += 1;
  }
  *count = needed;
  if (needed == 0) return NOT_FOUND;
  return needed > room ? INSUFFICIENT_SIZE : SUCCESS;
}

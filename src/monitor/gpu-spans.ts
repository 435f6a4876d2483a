import { type GpuRequest, openGpuSources } from "../discovery/gpu-examination.ts";
import { GpuSpanMeter, within } from "./gpu-span-meter.ts";

export type { GpuMark } from "./gpu-span-meter.ts";

/** The GPUs of a logger, whose driver may take its time. */
export interface GpuSpans {
  /** Null where there is no GPU whose energy can be read, or not yet. */
  readonly meter: GpuSpanMeter | null;
  /** Never rejects, and waits for a second or two at most. Safe to call twice. */
  close(): Promise<void>;
}

/** A driver that nobody holds open needs a second or two for each board; the application does not wait for a driver that hangs. */
const openLimitMs = 3000;
const closeLimitMs = 1000;

/** Opens what can be read. Never rejects; where the driver is late, `problems` says so, and its boards join when they are there. */
export async function openGpuSpans(request: GpuRequest, problems: string[]): Promise<GpuSpans> {
  let meter: GpuSpanMeter | null = null;
  let isClosed = false;
  let closeSources: () => Promise<unknown> = async () => undefined;
  const opening = (async () => {
    const sources = await openGpuSources(request);
    closeSources = () => Promise.all(sources.map((source) => source.close()));
    const opened = sources.length === 0 ? null : await GpuSpanMeter.open(sources, request.roots, request.clock);
    if (isClosed) {
      await opened?.close();
      await closeSources();
    } else {
      meter = opened;
    }
  })();
  if (!(await within(opening, openLimitMs))) {
    problems.push("The driver of a GPU did not answer within 3 s; spans have no GPU energy until it does.");
  }
  return {
    get meter() {
      return meter;
    },
    close: async () => {
      if (isClosed) return;
      isClosed = true;
      await meter?.close();
      await within(closeSources(), closeLimitMs);
    },
  };
}

/** Where the kernel's files are: "/proc" and "/sys" of this machine, or a tree of the same shape (a container's mount, a fixture). */
export interface HostRoots {
  readonly proc: string;
  readonly sys: string;
  /** Where each CPU has its registers, as N/msr: "/dev/cpu". Without it, registers are not looked for. */
  readonly msr?: string;
}

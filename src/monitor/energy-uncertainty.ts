/** How far a task's energy may be from the truth, by the origin of the error. */
export interface EnergyUncertainty {
  /** Log standard deviation of the source's gain: systematic, shared by everything read from it on this host. */
  readonly gainLnSigma: number;
  readonly gainSourceId: string;
  readonly gainCitation: string;
  /** Log standard deviation of the share by CPU time. */
  readonly shareLnSigma: number;
  /**
   * Standard uncertainty of the task's energy that does not scale with it and is this task's alone: clock resolution; the idle baseline
   * too where `idleWh` is absent.
   */
  readonly additiveWh: number;
  /** Standard uncertainty that the idle baseline gives, the same error for every task with that baseline. */
  readonly idleWh?: number;
  /** Which baseline it is: `idle/host=…/cal=…`. */
  readonly idleSourceId?: string;
}

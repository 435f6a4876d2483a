/** How far a task's energy may be from the truth, by the origin of the error. */
export interface EnergyUncertainty {
  /** Log standard deviation of the source's gain: systematic, shared by everything read from it on this host. */
  readonly gainLnSigma: number;
  readonly gainSourceId: string;
  readonly gainCitation: string;
  /** Log standard deviation of the share by CPU time. */
  readonly shareLnSigma: number;
  /** Standard uncertainty of the task's energy that does not scale with it: clock resolution and idle baseline. */
  readonly additiveWh: number;
}

/** Telling of damaged packets, of each stream so often that nobody is flooded. */

/** Damaged packets of a stream that are told one by one. */
const mostReports = 20;

/** What was reported of one stream. */
export class DamageReports {
  /** How often something was reported, told or not. */
  count = 0;
  private readonly tell: (message: string) => void;

  /** @param tell takes one line each. */
  constructor(tell: (message: string) => void) {
    this.tell = tell;
  }

  /** Reports what is wrong with a packet; beyond the most that are told it says once that there are more. */
  report(sourceName: string, packetByte: number, problem: string): void {
    this.count += 1;
    if (this.count > mostReports + 1) return;
    this.tell(
      this.count > mostReports
        ? `${sourceName}: more of its packets are damaged, which is not told one by one`
        : `${sourceName}: packet at byte ${packetByte}: ${problem}`,
    );
  }
}

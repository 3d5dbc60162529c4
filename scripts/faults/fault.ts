// A fault: one change of the sources that some test has to notice.
export interface Fault {
  readonly name: string;
  readonly file: string;
  /** Text that occurs exactly once in the file. */
  readonly find: string;
  readonly replace: string;
  /** Test files, the fastest that notice. */
  readonly tests: readonly string[];
}

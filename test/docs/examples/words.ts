// The module that the example of fromModule names.
export class Words {
  readonly length = 2;

  constructor(readonly file: string) {}

  get(index: number): string {
    return `word ${index} of ${this.file}`;
  }
}

// Names of the instructions that can be written.

export type Mnemonic = string;

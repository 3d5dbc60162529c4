// What a page that trains models imports: the bundle whose size is recorded.
export * from "gradus";
export * as nn from "gradus/nn";
export * as optim from "gradus/optim";

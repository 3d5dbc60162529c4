// Linear(784, 256) → ReLU → Linear(256, 128) → ReLU → Linear(128, 10).
import * as nn from "gradus/nn";

export function mlp(): nn.UnaryModule {
  return new nn.Sequential(
    new nn.Linear(784, 256),
    new nn.ReLU(),
    new nn.Linear(256, 128),
    new nn.ReLU(),
    new nn.Linear(128, 10),
  );
}

// Whole networks of bench/models: forward passes and training steps.
import { compile, noGrad, randint, randn, type Tensor } from "gradus";
import { crossEntropy } from "gradus/nn/functional";
import * as optim from "gradus/optim";
import { gptLength, gptVocabulary, type NetworkName, networks } from "../models/index.js";

export interface NetworkRequest {
  readonly network: NetworkName;
  readonly batch: number;
  /** Height and width of the images. */
  readonly size?: number;
}

const classes: Partial<Record<NetworkName, number>> = { mlp: 10, gpt: gptVocabulary };

function inputs({ network, batch, size = 224 }: NetworkRequest): Tensor {
  if (network === "gpt") return randint(0, gptVocabulary, [batch, gptLength]);
  return network === "mlp" ? randn(batch, 784) : randn(batch, 3, size, size);
}

/** A compiled forward pass in evaluation mode. */
export function inference(request: NetworkRequest): () => Tensor {
  const model = networks[request.network]().eval();
  const images = inputs(request);
  const forward = compile((x: Tensor) => model(x));
  return () => noGrad(() => forward(images));
}

/** A compiled training step: AdamW for the GPT, else SGD with momentum. */
export function training(request: NetworkRequest): () => Tensor {
  const { network, batch } = request;
  const model = networks[network]();
  const optimizer =
    network === "gpt"
      ? new optim.AdamW(model.parameters(), { lr: 3e-4 })
      : new optim.SGD(model.parameters(), { lr: 0.01, momentum: 0.9 });
  const examples = inputs(request);
  const labels = randint(0, classes[network] ?? 1000, [network === "gpt" ? batch * gptLength : batch]);
  const step = compile((x: Tensor, targets: Tensor): Tensor => {
    const loss = crossEntropy(model(x).flatten(0, -2), targets);
    optimizer.zeroGrad();
    loss.backward();
    optimizer.step();
    return loss;
  });
  return () => step(examples, labels);
}

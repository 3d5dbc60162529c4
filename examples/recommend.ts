// Matrix factorisation, after Koren et al., 2009: what somebody eats, from what they and others eat.
// Run it with: npx tsx examples/recommend.ts [--item Tofu], or with ratings of your own, lines of user,item,rating:
// npx tsx examples/recommend.ts --ratings ratings.csv
import { manualSeed, noGrad, type Tensor } from "gradus";
import { DataLoader, parseCsv, randomSplit, readCsv, TensorDataset } from "gradus/data";
import * as nn from "gradus/nn";
import * as F from "gradus/nn/functional";
import * as optim from "gradus/optim";
import { isMain, options, readData } from "./support.js";

export class Factorization extends nn.Module {
  user: nn.Embedding;
  item: nn.Embedding;
  userBias: nn.Embedding;
  itemBias: nn.Embedding;

  constructor(
    users: number,
    items: number,
    factors: number,
    readonly mean: number,
  ) {
    super();
    this.user = new nn.Embedding(users, factors);
    this.item = new nn.Embedding(items, factors);
    this.userBias = new nn.Embedding(users, 1);
    this.itemBias = new nn.Embedding(items, 1);
    for (const { weight } of [this.user, this.item]) nn.init.normal_(weight, { std: 0.1 });
    for (const { weight } of [this.userBias, this.itemBias]) nn.init.zeros_(weight);
  }

  /** Users `[N]`, items `[N]` → expected ratings `[N]`. */
  forward(users: Tensor, items: Tensor): Tensor {
    const match = this.user(users).mul(this.item(items)).sum(1);
    return match.add(this.userBias(users).squeeze(1)).add(this.itemBias(items).squeeze(1)).add(this.mean);
  }
}

export function trainStep(
  model: Factorization,
  optimizer: optim.Optimizer,
  users: Tensor,
  items: Tensor,
  ratings: Tensor,
): Tensor {
  const loss = F.mseLoss(model(users, items), ratings);
  optimizer.zeroGrad();
  loss.backward();
  optimizer.step();
  return loss;
}

async function main() {
  const settings = { epochs: 20, lr: 0.01, batch: 64, factors: 8, item: "", ratings: "", seed: 1 };
  const { epochs, lr, batch, factors, item, ratings: file, seed } = options(settings);
  manualSeed(seed);
  const table = file ? await readCsv(file) : parseCsv(readData("foods.csv"));
  const [userColumn = "", itemColumn = "", ratingColumn = ""] = table.columns;
  const [user, thing] = [table.categories(userColumn), table.categories(itemColumn)];
  const dataset = new TensorDataset(user.codes, thing.codes, table.numbers(ratingColumn));
  const [trainSet, testSet] = randomSplit(dataset, [0.9, 0.1]);
  const trainLoader = new DataLoader(trainSet!, { batchSize: batch, shuffle: true });
  const [users, items, ratings] = await testSet!.getBatch!(Array.from({ length: testSet!.length }, (_, i) => i));
  const mean = table.numbers(ratingColumn).mean().item();
  const model = new Factorization(user.names.length, thing.names.length, factors, mean);
  const optimizer = new optim.AdamW(model.parameters(), { lr, weightDecay: 0.3 });

  console.log(`always guessing the mean: test error ${ratings.sub(mean).pow(2).mean().sqrt().item().toFixed(3)}`);
  for (let epoch = 1; epoch <= epochs; epoch++) {
    for (const [u, i, r] of trainLoader) trainStep(model, optimizer, u, i, r);
    const error = noGrad(() => F.mseLoss(model(users, items), ratings).sqrt()).item();
    if (epoch % 5 === 0) console.log(`epoch ${epoch}: test error ${error.toFixed(3)}`);
  }

  // What the first person of the test set answers, and would be recommended of it.
  const person = users.at(0).item();
  const mine = users.eq(person).nonzero().squeeze(1);
  const expected = noGrad(() => model(users, items).at(mine));
  const [answers, names] = [ratings.at(mine).toArray(), items.at(mine).toArray()] as [number[], number[]];
  console.log(`person ${user.names[person]}, answers that were kept back, from the most to the least recommended:`);
  for (const i of expected.argsort(0, { descending: true }).toTypedArray()) {
    const [guess, food] = [expected.at(Number(i)).item().toFixed(1), thing.names[names[Number(i)]!]];
    console.log(`  ${food}: expected ${guess}, answered ${answers[Number(i)]}`);
  }

  // Who likes one thing likes another when their vectors point the same way.
  const chosen = item ? thing.names.indexOf(item) : 45;
  if (chosen < 0) throw new Error(`there is no ${item}; there are ${thing.names.slice(0, 20).join(", ")}, …`);
  const vectors = F.normalize(model.item.weight.detach());
  const nearest = vectors.matmul(vectors.at(chosen)).topk(6).indices.toArray() as number[];
  const others = nearest.slice(1).map((other) => thing.names[other]);
  console.log(`liked by those who like ${thing.names[chosen]}: ${others.join(", ")}`);
}

if (isMain(import.meta.url)) await main();

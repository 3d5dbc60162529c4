// The example programs, small, as functions from step to losses: what test/fixtures/examples.py does with their twins.
import { arange, type Tensor, tensor } from "gradus";
import { parseCsv } from "gradus/data";
import * as optim from "gradus/optim";
import { readImage } from "gradus/vision";
import * as dcgan from "../../examples/dcgan.js";
import * as gpt from "../../examples/gpt.js";
import * as lenet from "../../examples/lenet.js";
import * as lstm from "../../examples/lstm.js";
import * as mlp from "../../examples/mlp.js";
import * as recommend from "../../examples/recommend.js";
import * as resnet from "../../examples/resnet.js";
import { dataFile, readData } from "../../examples/support.js";
import * as translate from "../../examples/translate.js";
import * as unet from "../../examples/unet.js";
import * as vae from "../../examples/vae.js";
import { type Draws, imageBatches, textBatches } from "./draws.js";

/** One training step: its loss, or the losses of both networks. */
export type Run = (step: number) => Tensor | readonly Tensor[];

export const programs: Readonly<Record<string, (draws: Draws) => Run | Promise<Run>>> = {
  mlp(draws) {
    const model = draws.prepare(new mlp.MLP());
    const optimizer = new optim.SGD(model.parameters(), { lr: 0.02, momentum: 0.9 });
    const batch = imageBatches(draws, "digits", 0.1307, 0.3081);
    return (step) => mlp.trainStep(model, optimizer, ...batch(step));
  },

  lenet(draws) {
    const model = draws.prepare(new lenet.LeNet());
    const optimizer = new optim.Adam(model.parameters(), { lr: 0.002 });
    const batch = imageBatches(draws, "digits", 0.1307, 0.3081);
    return (step) => lenet.trainStep(model, optimizer, ...batch(step));
  },

  resnet(draws) {
    const model = draws.prepare(new resnet.ResNet(4));
    const settings = { lr: 0.05, momentum: 0.9, weightDecay: 5e-4, nesterov: true };
    const optimizer = new optim.SGD(model.parameters(), settings);
    const scheduler = new optim.OneCycleLR(optimizer, 0.05, { totalSteps: 60 });
    const batch = imageBatches(draws, "clothes", 0.286, 0.353);
    return (step) => resnet.trainStep(model, optimizer, scheduler, ...batch(step));
  },

  lstm(draws) {
    const { words, batch } = textBatches(draws, readData("moby-dick.txt"), 4, 6);
    const model = draws.prepare(new lstm.LSTMModel(words, 24, 2));
    const optimizer = new optim.Adam(model.parameters(), { lr: 0.005 });
    let state = model.start(4);
    return (step) => {
      const [loss, h, c] = lstm.trainStep(model, optimizer, ...batch(step), state);
      state = [h, c];
      return loss;
    };
  },

  gpt(draws) {
    const { words, batch } = textBatches(draws, readData("moby-dick.txt"), 4, 16);
    const config = { vocabulary: words, block: 16, layers: 2, heads: 2, width: 32, dropout: 0.1 };
    const model = draws.prepare(new gpt.GPT(config));
    const optimizer = gpt.makeOptimizer(model, 0.002);
    return (step) => gpt.trainStep(model, optimizer, ...batch(step));
  },

  translate(draws) {
    const lines = readData("verses.tsv").split("\n").slice(0, 600);
    const pairs = lines.map((line) => line.split("\t"));
    const vocabularies = [0, 1].map((side) => new translate.Vocabulary(pairs.map((pair) => pair[side]!)));
    const sides = vocabularies.map((words, side) => pairs.map((pair) => words.encode(pair[side]!, 12)));
    const [sourceWords, targetWords] = vocabularies.map(({ words }) => words.length) as [number, number];
    const sizes = { width: 32, heads: 2, layers: 1, dropout: 0.1 };
    const model = draws.prepare(new translate.Translator(sourceWords, targetWords, 12, sizes));
    const optimizer = new optim.Adam(model.parameters(), { lr: 0.002, betas: [0.9, 0.98], eps: 1e-9 });
    const scheduler = translate.schedule(optimizer, 20);
    return (step) => {
      const at = draws.indices(`batch:${step}`, 4, pairs.length);
      const [source, target] = sides.map((ids) => tensor(Int32Array.from(at.flatMap((i) => ids[i]!))).view(4, 12));
      return translate.trainStep(model, optimizer, scheduler, source!, target!);
    };
  },

  vae(draws) {
    const model = draws.prepare(new vae.VAE(8, 64));
    const optimizer = new optim.Adam(model.parameters(), { lr: 0.001 });
    const batch = imageBatches(draws, "digits", 0, 1);
    return (step) => vae.trainStep(model, optimizer, batch(step)[0], draws.tensor(`noise:${step}`, [8, 8]));
  },

  dcgan(draws) {
    const generator = draws.prepare(new dcgan.Generator(16, 8), "generator.");
    const discriminator = draws.prepare(new dcgan.Discriminator(8), "discriminator.");
    const settings = { lr: 0.0002, betas: [0.5, 0.999] } as const;
    const optimizerG = new optim.Adam(generator.parameters(), settings);
    const optimizerD = new optim.Adam(discriminator.parameters(), settings);
    const batch = imageBatches(draws, "clothes", 0.5, 0.5);
    return (step) => {
      const noise = draws.tensor(`noise:${step}`, [8, 16, 1, 1]);
      return dcgan.trainStep([generator, discriminator], [optimizerG, optimizerD], batch(step)[0], noise);
    };
  },

  async unet(draws) {
    const read = async (name: string) => (await readImage(dataFile(name))).squeeze(0).to(draws.dtype).div(255);
    const picture = (await read("nuclei.png")).mul(4).clamp(0, 1);
    const mask = await read("nuclei-mask.png");
    const model = draws.prepare(new unet.UNet(4));
    const optimizer = new optim.Adam(model.parameters(), { lr: 0.002 });
    return (step) => {
      const [top, left] = ["top", "left"].map((side) => {
        const starts = Int32Array.from(draws.indices(`${side}:${step}`, 2, 512 - 31));
        return tensor(starts).unsqueeze(1).add(arange(32));
      }) as [Tensor, Tensor];
      const [images, masks] = [picture, mask].map((x) => x.at(top.unsqueeze(2), left.unsqueeze(1)).unsqueeze(1));
      return unet.trainStep(model, optimizer, images!, masks!);
    };
  },

  recommend(draws) {
    const table = parseCsv(readData("foods.csv"));
    const [users, items] = [table.categories("person"), table.categories("food")];
    const ratings = table.numbers("often").to(draws.dtype);
    const model = draws.prepare(new recommend.Factorization(users.names.length, items.names.length, 8, 3.25));
    const optimizer = new optim.AdamW(model.parameters(), { lr: 0.01, weightDecay: 0.3 });
    return (step) => {
      const at = draws.indices(`batch:${step}`, 32, table.rows.length);
      return recommend.trainStep(model, optimizer, users.codes.at(at), items.codes.at(at), ratings.at(at));
    };
  },
};

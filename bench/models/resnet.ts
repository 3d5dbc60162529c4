// ResNet-18 and ResNet-50. Source: He et al., "Deep Residual Learning for Image Recognition", 2015, arXiv:1512.03385, table 1;
// the stride of a bottleneck is that of its 3×3 convolution, as in torchvision.
import { relu, type Tensor } from "gradus";
import * as nn from "gradus/nn";

type Block = new (inputs: number, width: number, stride: number) => nn.UnaryModule;

function conv3(inputs: number, outputs: number, stride: number): nn.Conv2d {
  return new nn.Conv2d(inputs, outputs, 3, { stride, padding: 1, bias: false });
}

function conv1(inputs: number, outputs: number, stride = 1): nn.Conv2d {
  return new nn.Conv2d(inputs, outputs, 1, { stride, bias: false });
}

/** What the input passes on its way around a block: nothing, or a 1×1 convolution to the block's shape. */
function shortcut(inputs: number, outputs: number, stride: number): nn.Sequential | null {
  if (inputs === outputs && stride === 1) return null;
  return new nn.Sequential(conv1(inputs, outputs, stride), new nn.BatchNorm2d(outputs));
}

class BasicBlock extends nn.Module {
  static readonly expansion = 1;
  conv1: nn.Conv2d;
  bn1: nn.BatchNorm2d;
  conv2: nn.Conv2d;
  bn2: nn.BatchNorm2d;
  downsample: nn.Sequential | null;

  constructor(inputs: number, width: number, stride: number) {
    super();
    this.conv1 = conv3(inputs, width, stride);
    this.bn1 = new nn.BatchNorm2d(width);
    this.conv2 = conv3(width, width, 1);
    this.bn2 = new nn.BatchNorm2d(width);
    this.downsample = shortcut(inputs, width, stride);
  }

  forward(x: Tensor): Tensor {
    const hidden = relu(this.bn1(this.conv1(x)));
    const output = this.bn2(this.conv2(hidden));
    return relu(output.add(this.downsample ? this.downsample(x) : x));
  }
}

class Bottleneck extends nn.Module {
  static readonly expansion = 4;
  conv1: nn.Conv2d;
  bn1: nn.BatchNorm2d;
  conv2: nn.Conv2d;
  bn2: nn.BatchNorm2d;
  conv3: nn.Conv2d;
  bn3: nn.BatchNorm2d;
  downsample: nn.Sequential | null;

  constructor(inputs: number, width: number, stride: number) {
    super();
    const outputs = Bottleneck.expansion * width;
    this.conv1 = conv1(inputs, width);
    this.bn1 = new nn.BatchNorm2d(width);
    this.conv2 = conv3(width, width, stride);
    this.bn2 = new nn.BatchNorm2d(width);
    this.conv3 = conv1(width, outputs);
    this.bn3 = new nn.BatchNorm2d(outputs);
    this.downsample = shortcut(inputs, outputs, stride);
  }

  forward(x: Tensor): Tensor {
    let y = relu(this.bn1(this.conv1(x)));
    y = relu(this.bn2(this.conv2(y)));
    y = this.bn3(this.conv3(y));
    return relu(y.add(this.downsample ? this.downsample(x) : x));
  }
}

class ResNet extends nn.Module {
  conv1 = new nn.Conv2d(3, 64, 7, { stride: 2, padding: 3, bias: false });
  bn1 = new nn.BatchNorm2d(64);
  maxpool = new nn.MaxPool2d(3, 2, { padding: 1 });
  layer1: nn.Sequential;
  layer2: nn.Sequential;
  layer3: nn.Sequential;
  layer4: nn.Sequential;
  avgpool = new nn.AdaptiveAvgPool2d(1);
  fc: nn.Linear;

  constructor(block: Block & { readonly expansion: number }, depths: readonly [number, number, number, number]) {
    super();
    let channels = 64;
    const stage = (width: number, depth: number, stride: number) => {
      const blocks = Array.from({ length: depth }, (_, i) => {
        const made = new block(channels, width, i === 0 ? stride : 1);
        channels = block.expansion * width;
        return made;
      });
      return new nn.Sequential(...blocks);
    };
    this.layer1 = stage(64, depths[0], 1);
    this.layer2 = stage(128, depths[1], 2);
    this.layer3 = stage(256, depths[2], 2);
    this.layer4 = stage(512, depths[3], 2);
    this.fc = new nn.Linear(channels, 1000);
  }

  forward(x: Tensor): Tensor {
    x = this.maxpool(relu(this.bn1(this.conv1(x)))); // [N, 64, H/4, W/4]
    x = this.layer4(this.layer3(this.layer2(this.layer1(x)))); // [N, C, H/32, W/32]
    return this.fc(this.avgpool(x).flatten(1)); // [N, 1000]
  }
}

export function resnet18(): nn.UnaryModule {
  return new ResNet(BasicBlock, [2, 2, 2, 2]);
}

export function resnet50(): nn.UnaryModule {
  return new ResNet(Bottleneck, [3, 4, 6, 3]);
}

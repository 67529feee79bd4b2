"""The same architectures in plain PyTorch, with the names of the graphs' nodes."""

from __future__ import annotations

from collections import OrderedDict

import torch
from torch import Tensor, nn


def lenet5() -> nn.Module:
    return nn.Sequential(
        OrderedDict(
            conv1=nn.Conv2d(1, 6, 5),
            relu1=nn.ReLU(),
            pool1=nn.MaxPool2d(2),
            conv2=nn.Conv2d(6, 16, 5),
            relu2=nn.ReLU(),
            pool2=nn.MaxPool2d(2),
            flat=nn.Flatten(),
            fc1=nn.Linear(400, 120),
            relu3=nn.ReLU(),
            fc2=nn.Linear(120, 84),
            relu4=nn.ReLU(),
            fc3=nn.Linear(84, 10),
        )
    )


def _head(inputs: int, width: int) -> OrderedDict[str, nn.Module]:
    return OrderedDict(
        drop1=nn.Dropout(),
        fc1=nn.Linear(inputs, width),
        act1=nn.ReLU(),
        drop2=nn.Dropout(),
        fc2=nn.Linear(width, width),
        act2=nn.ReLU(),
        fc3=nn.Linear(width, 1000),
    )


def vgg16(width: float = 1) -> nn.Module:
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    before = 3
    for stage, (size, count) in enumerate(
        [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)], start=1
    ):
        units = []
        for _ in range(count):
            conv = nn.Conv2d(before, int(size * width), 3, padding=1)
            units.append(nn.Sequential(OrderedDict(conv=conv, relu=nn.ReLU())))
            before = int(size * width)
        parts[f"stage{stage}"] = nn.Sequential(*units)
        parts[f"pool{stage}"] = nn.MaxPool2d(2)
    parts |= {"avgpool": nn.AdaptiveAvgPool2d(7), "flat": nn.Flatten()}
    return nn.Sequential(parts | _head(before * 49, int(4096 * width)))


def alexnet(width: float = 1) -> nn.Module:
    sizes = [3, *(int(size * width) for size in (64, 192, 384, 256, 256))]
    shapes = [(11, 4, 2), (5, 1, 2), (3, 1, 1), (3, 1, 1), (3, 1, 1)]
    parts: OrderedDict[str, nn.Module] = OrderedDict()
    for place, (kernel, stride, padding) in enumerate(shapes, start=1):
        parts[f"conv{place}"] = nn.Conv2d(sizes[place - 1], sizes[place], kernel, stride, padding)
        parts[f"relu{place}"] = nn.ReLU()
        if place in (1, 2, 5):
            parts[f"pool{place}"] = nn.MaxPool2d(3, 2)
    parts |= {"avgpool": nn.AdaptiveAvgPool2d(6), "flat": nn.Flatten()}
    return nn.Sequential(parts | _head(sizes[-1] * 36, int(4096 * width)))


class Residual(nn.Module):
    def __init__(
        self, inputs: int, size: int, stride: int, *, bottleneck: bool, changes: bool
    ) -> None:
        super().__init__()
        outputs = 4 * size if bottleneck else size
        kernels = [1, 3, 1] if bottleneck else [3, 3]
        strides = [1, stride, 1] if bottleneck else [stride, 1]
        sizes = [inputs, *[size] * (len(kernels) - 1), outputs]
        self.count = len(kernels)
        for at, (kernel, step) in enumerate(zip(kernels, strides, strict=True), start=1):
            conv = nn.Conv2d(sizes[at - 1], sizes[at], kernel, step, kernel // 2, bias=False)
            self.add_module(f"conv{at}", conv)
            self.add_module(f"bn{at}", nn.BatchNorm2d(sizes[at]))
        if changes:
            self.shortcut = nn.Conv2d(inputs, outputs, 1, stride, bias=False)
            self.norm = nn.BatchNorm2d(outputs)
        self.changes = changes

    def forward(self, x: Tensor) -> Tensor:
        y = x
        for at in range(1, self.count + 1):
            y = getattr(self, f"bn{at}")(getattr(self, f"conv{at}")(y))
            y = y.relu() if at < self.count else y
        return (y + (self.norm(self.shortcut(x)) if self.changes else x)).relu()


def resnet(counts: list[int], *, bottleneck: bool, width: float = 1) -> nn.Module:
    before = int(64 * width)
    parts: OrderedDict[str, nn.Module] = OrderedDict(
        conv1=nn.Conv2d(3, before, 7, 2, 3, bias=False),
        bn1=nn.BatchNorm2d(before),
        relu=nn.ReLU(),
        pool=nn.MaxPool2d(3, 2, 1),
    )
    for stage, count in enumerate(counts):
        size = int(64 * 2**stage * width)
        after = 4 * size if bottleneck else size
        begins = stage > 0 or bottleneck
        if begins:
            stride = 1 if stage == 0 else 2
            parts[f"layer{stage + 1}_first"] = Residual(
                before, size, stride, bottleneck=bottleneck, changes=True
            )
        rest = [
            Residual(after, size, 1, bottleneck=bottleneck, changes=False)
            for _ in range(count - begins)
        ]
        parts[f"layer{stage + 1}"] = nn.Sequential(*rest)
        before = after
    parts |= {
        "avgpool": nn.AdaptiveAvgPool2d(1),
        "flat": nn.Flatten(),
        "fc": nn.Linear(before, 1000),
    }
    return nn.Sequential(parts)


class Inverted(nn.Module):
    def __init__(self, inputs: int, outputs: int, stride: int, factor: int) -> None:
        super().__init__()
        hidden = factor * inputs
        if factor > 1:
            self.expand, self.bn1 = nn.Conv2d(inputs, hidden, 1, bias=False), nn.BatchNorm2d(hidden)
        self.depthwise = nn.Conv2d(hidden, hidden, 3, stride, 1, groups=hidden, bias=False)
        self.bn2 = nn.BatchNorm2d(hidden)
        self.project, self.bn3 = nn.Conv2d(hidden, outputs, 1, bias=False), nn.BatchNorm2d(outputs)
        self.factor, self.adds = factor, stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        y = self.bn1(self.expand(x)).clamp(0, 6) if self.factor > 1 else x
        y = self.bn3(self.project(self.bn2(self.depthwise(y)).clamp(0, 6)))
        return x + y if self.adds else y


def mobilenet_v2(width: float = 1) -> nn.Module:
    before = int(32 * width)
    parts: OrderedDict[str, nn.Module] = OrderedDict(
        stem=nn.Conv2d(3, before, 3, 2, 1, bias=False),
        stem_bn=nn.BatchNorm2d(before),
        stem_relu=nn.ReLU6(),
    )
    parts["b1"] = Inverted(before, int(16 * width), 1, 1)
    before = int(16 * width)
    plan = [(24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1)]
    for stage, (size, count, stride) in enumerate(plan, start=2):
        now = int(size * width)
        parts[f"b{stage}"] = Inverted(before, now, stride, 6)
        if count > 1:
            parts[f"b{stage}_more"] = nn.Sequential(
                *(Inverted(now, now, 1, 6) for _ in range(count - 1))
            )
        before = now
    last = int(1280 * width)
    parts |= {"last": nn.Conv2d(before, last, 1, bias=False), "last_bn": nn.BatchNorm2d(last)}
    parts |= {"last_relu": nn.ReLU6(), "avgpool": nn.AdaptiveAvgPool2d(1), "flat": nn.Flatten()}
    return nn.Sequential(parts | {"drop": nn.Dropout(0.2), "fc": nn.Linear(last, 1000)})


class GPTLayer(nn.Module):
    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.ln_1 = nn.LayerNorm(width)
        self.attn = nn.MultiheadAttention(width, heads, batch_first=True)
        self.ln_2 = nn.LayerNorm(width)
        self.fc, self.proj = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        y = self.ln_1(x)
        unseen = torch.ones(x.shape[1], x.shape[1], dtype=torch.bool).triu(1)
        x = x + self.attn(y, y, y, attn_mask=unseen, need_weights=False)[0]
        return x + self.proj(nn.functional.gelu(self.fc(self.ln_2(x)), approximate="tanh"))


class GPT2(nn.Module):
    def __init__(
        self,
        layers: int = 12,
        width: int = 768,
        heads: int = 12,
        vocabulary: int = 50_257,
        context: int = 1024,
    ) -> None:
        super().__init__()
        self.wte, self.wpe = nn.Embedding(vocabulary, width), nn.Embedding(context, width)
        self.h = nn.Sequential(*(GPTLayer(width, heads) for _ in range(layers)))
        self.ln_f, self.head = nn.LayerNorm(width), nn.Linear(width, vocabulary, bias=False)
        self.head.weight = self.wte.weight

    def forward(self, tokens: Tensor) -> Tensor:
        x = self.wte(tokens) + self.wpe(torch.arange(tokens.shape[1]))
        return self.head(self.ln_f(self.h(x)))


class Double(nn.Sequential):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__(
            OrderedDict(
                conv1=nn.Conv2d(inputs, outputs, 3, padding=1, bias=False),
                bn1=nn.BatchNorm2d(outputs),
                relu1=nn.ReLU(),
                conv2=nn.Conv2d(outputs, outputs, 3, padding=1, bias=False),
                bn2=nn.BatchNorm2d(outputs),
                relu2=nn.ReLU(),
            )
        )


class Up(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.up, self.convs = (
            nn.ConvTranspose2d(inputs, outputs, 2, 2),
            Double(2 * outputs, outputs),
        )

    def forward(self, x: Tensor, skip: Tensor) -> Tensor:
        return self.convs(torch.cat([skip, self.up(x)], dim=1))


class UNet(nn.Module):
    def __init__(self, width: float = 1) -> None:
        super().__init__()
        sizes = [3, *(int(size * width) for size in (64, 128, 256, 512, 1024))]
        for at in range(5):
            self.add_module(f"down{at}", Double(sizes[at], sizes[at + 1]))
        for at in range(4):
            self.add_module(f"up{at}", Up(sizes[at + 2], sizes[at + 1]))
        self.outc = nn.Conv2d(sizes[1], 2, 1)

    def forward(self, x: Tensor) -> Tensor:
        kept = []
        for at in range(5):
            x = getattr(self, f"down{at}")(nn.functional.max_pool2d(x, 2) if at else x)
            kept.append(x)
        for at in (3, 2, 1, 0):
            x = getattr(self, f"up{at}")(x, kept[at])
        return self.outc(x)

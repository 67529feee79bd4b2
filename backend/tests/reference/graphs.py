"""The reference architectures as graphs. `width` scales the large ones; 1 is the papers' size."""

from __future__ import annotations

from visdl.models.graph import Block, Graph

from .drawing import Drawing


def _image(drawing: Drawing, *shape: int) -> None:
    drawing.add("image", "Input", shape=list(shape))


def lenet5() -> Graph:
    """As in PyTorch's own tutorial: 32 x 32 grey pixels, ten classes."""
    net = Drawing()
    _image(net, 1, 32, 32)
    for place, channels in ((1, 6), (2, 16)):
        net.add(f"conv{place}", "Conv2d", out_channels=channels, kernel_size=5)
        net.add(f"relu{place}", "ReLU")
        net.add(f"pool{place}", "MaxPool2d", kernel_size=2)
    net.add("flat", "Flatten")
    net.add("fc1", "Linear", out_features=120)
    net.add("relu3", "ReLU")
    net.add("fc2", "Linear", out_features=84)
    net.add("relu4", "ReLU")
    net.add("fc3", "Linear", out_features=10)
    return net.graph("LeNet-5")


def _head(net: Drawing, *widths: int) -> None:
    """Dropout and fully connected layers, as AlexNet and VGG end."""
    for place, width in enumerate(widths[:-1], start=1):
        net.add(f"drop{place}", "Dropout", p=0.5)
        net.add(f"fc{place}", "Linear", out_features=width)
        net.add(f"act{place}", "ReLU")
    net.add(f"fc{len(widths)}", "Linear", out_features=widths[-1])


def vgg16(width: float = 1) -> Graph:
    unit = Drawing()
    unit.add("conv", "Conv2d", "@input", kernel_size=3, padding=1, out_channels=64)
    unit.add("relu", "ReLU")
    net = Drawing({"unit": unit.block({"channels": ["conv.out_channels"]})})
    _image(net, 3, 224, 224)
    for stage, (channels, count) in enumerate(
        [(64, 2), (128, 2), (256, 3), (512, 3), (512, 3)], start=1
    ):
        net.add(f"stage{stage}", "unit", repeat=count, channels=int(channels * width))
        net.add(f"pool{stage}", "MaxPool2d", kernel_size=2)
    net.add("avgpool", "AdaptiveAvgPool2d", output_size=7)
    net.add("flat", "Flatten")
    _head(net, int(4096 * width), int(4096 * width), 1000)
    return net.graph("VGG16")


def alexnet(width: float = 1) -> Graph:
    """The variant with one tower, as torchvision has it."""
    net = Drawing()
    _image(net, 3, 224, 224)
    layers = [
        (64, 11, 4, 2, True),
        (192, 5, 1, 2, True),
        (384, 3, 1, 1, False),
        (256, 3, 1, 1, False),
    ]
    for place, (channels, kernel, stride, padding, pooled) in enumerate(
        [*layers, (256, 3, 1, 1, True)], start=1
    ):
        size = {"kernel_size": kernel, "stride": stride, "padding": padding}
        net.add(f"conv{place}", "Conv2d", out_channels=int(channels * width), **size)
        net.add(f"relu{place}", "ReLU")
        if pooled:
            net.add(f"pool{place}", "MaxPool2d", kernel_size=3, stride=2)
    net.add("avgpool", "AdaptiveAvgPool2d", output_size=6)
    net.add("flat", "Flatten")
    _head(net, int(4096 * width), int(4096 * width), 1000)
    return net.graph("AlexNet")


def _residual(bottleneck: bool, changes: bool) -> Block:
    """A residual block; `changes`: its shortcut is a convolution with the block's stride."""
    net, reads = Drawing(), "@input"
    kernels = [1, 3, 1] if bottleneck else [3, 3]
    strided = 1 if bottleneck else 0  # which convolution has the stride
    for place, kernel in enumerate(kernels):
        net.add(
            f"conv{place + 1}", "Conv2d", reads, kernel_size=kernel, padding=kernel // 2, bias=False
        )
        net.add(f"bn{place + 1}", "BatchNorm2d")
        if place < len(kernels) - 1:
            reads = net.add(f"relu{place + 1}", "ReLU")
    last = f"bn{len(kernels)}"
    if changes:
        net.add("shortcut", "Conv2d", "@input", kernel_size=1, bias=False)
        net.add("norm", "BatchNorm2d")
        net.add("add", "Add", last, "norm")
    else:
        net.add("add", "Add", last, "@input")
    net.add("relu", "ReLU")
    inner = [f"conv{place + 1}.out_channels" for place in range(len(kernels) - bottleneck)]
    outer = ["conv3.out_channels"] if bottleneck else []
    shortcut = ["shortcut.out_channels"] if changes else []
    params = {"channels": inner + ([] if bottleneck else shortcut)}
    if bottleneck:
        params["wide"] = outer + shortcut
    if changes:
        params["stride"] = [f"conv{strided + 1}.stride", "shortcut.stride"]
    return net.block(params)


def resnet(counts: list[int], *, bottleneck: bool, width: float = 1) -> Graph:
    """ResNet18 is [2, 2, 2, 2], ResNet50 [3, 4, 6, 3] of bottlenecks."""
    net = Drawing({"first": _residual(bottleneck, True), "rest": _residual(bottleneck, False)})
    _image(net, 3, 224, 224)
    net.add(
        "conv1",
        "Conv2d",
        out_channels=int(64 * width),
        kernel_size=7,
        stride=2,
        padding=3,
        bias=False,
    )
    net.add("bn1", "BatchNorm2d")
    net.add("relu", "ReLU")
    net.add("pool", "MaxPool2d", kernel_size=3, stride=2, padding=1)
    for stage, count in enumerate(counts):
        channels = int(64 * 2**stage * width)
        sizes = {"channels": channels, **({"wide": 4 * channels} if bottleneck else {})}
        begins = stage > 0 or bottleneck
        if begins:
            net.add(f"layer{stage + 1}_first", "first", stride=1 if stage == 0 else 2, **sizes)
        net.add(f"layer{stage + 1}", "rest", repeat=count - begins, **sizes)
    net.add("avgpool", "AdaptiveAvgPool2d", output_size=1)
    net.add("flat", "Flatten")
    net.add("fc", "Linear", out_features=1000)
    return net.graph("ResNet")


def _inverted(expands: bool, adds: bool) -> Block:
    """MobileNetV2's block: wider inside than outside."""
    net, reads = Drawing(), "@input"
    if expands:
        net.add("expand", "Conv2d", reads, kernel_size=1, bias=False)
        net.add("bn1", "BatchNorm2d")
        reads = net.add("relu1", "ReLU6")
    net.add("depthwise", "Conv2d", reads, kernel_size=3, padding=1, bias=False)
    net.add("bn2", "BatchNorm2d")
    net.add("relu2", "ReLU6")
    net.add("project", "Conv2d", kernel_size=1, bias=False)
    net.add("bn3", "BatchNorm2d")
    if adds:
        net.add("add", "Add", "bn3", "@input")
    hidden = [
        "depthwise.out_channels",
        "depthwise.groups",
        *(["expand.out_channels"] if expands else []),
    ]
    return net.block(
        {"hidden": hidden, "channels": ["project.out_channels"], "stride": ["depthwise.stride"]}
    )


def mobilenet_v2(width: float = 1) -> Graph:
    kinds = {
        "plain": _inverted(False, False),
        "change": _inverted(True, False),
        "same": _inverted(True, True),
    }
    net = Drawing(kinds)
    _image(net, 3, 224, 224)
    before = int(32 * width)
    net.add("stem", "Conv2d", out_channels=before, kernel_size=3, stride=2, padding=1, bias=False)
    net.add("stem_bn", "BatchNorm2d")
    net.add("stem_relu", "ReLU6")
    net.add("b1", "plain", hidden=before, channels=int(16 * width), stride=1)
    before = int(16 * width)
    plan = [(24, 2, 2), (32, 3, 2), (64, 4, 2), (96, 3, 1), (160, 3, 2), (320, 1, 1)]
    for stage, (channels, count, stride) in enumerate(plan, start=2):
        now = int(channels * width)
        net.add(f"b{stage}", "change", hidden=6 * before, channels=now, stride=stride)
        if count > 1:
            net.add(
                f"b{stage}_more", "same", hidden=6 * now, channels=now, stride=1, repeat=count - 1
            )
        before = now
    net.add("last", "Conv2d", out_channels=int(1280 * width), kernel_size=1, bias=False)
    net.add("last_bn", "BatchNorm2d")
    net.add("last_relu", "ReLU6")
    net.add("avgpool", "AdaptiveAvgPool2d", output_size=1)
    net.add("flat", "Flatten")
    net.add("drop", "Dropout", p=0.2)
    net.add("fc", "Linear", out_features=1000)
    return net.graph("MobileNetV2")


def gpt2(
    layers: int = 12,
    width: int = 768,
    heads: int = 12,
    vocabulary: int = 50_257,
    context: int = 1024,
) -> Graph:
    """GPT-2 small; the output embedding has the weights of the input embedding."""
    block = Drawing()
    block.add("ln_1", "LayerNorm", "@input")
    block.add("attn", "MultiheadAttention", num_heads=heads, causal=True)
    block.add("add_1", "Add", "attn", "@input")
    block.add("ln_2", "LayerNorm")
    block.add("fc", "Linear", out_features=4 * width)
    block.add("gelu", "GELU", approximate="tanh")
    block.add("proj", "Linear", out_features=width)
    block.add("add_2", "Add", "proj", "add_1")
    net = Drawing({"layer": block.block()})
    net.add("tokens", "Input", shape=[min(context, 64)], dtype="int64")
    net.add("wte", "Embedding", num_embeddings=vocabulary, embedding_dim=width)
    net.add("wpe", "PositionEmbedding", num_embeddings=context)
    net.add("sum", "Add", "wte", "wpe", broadcast=True)
    net.add("h", "layer", repeat=layers)
    net.add("ln_f", "LayerNorm")
    net.add("head", "Linear", out_features=vocabulary, bias=False, weights_of="wte")
    return net.graph("GPT-2")


def transformer(layers: int = 6, width: int = 512, heads: int = 8, hidden: int = 2048) -> Graph:
    """torch.nn.Transformer: an encoder and a decoder with a norm at the end of each."""
    encoder, decoder = Drawing(), Drawing()
    encoder.add("layer", "TransformerEncoderLayer", "@input", nhead=heads, dim_feedforward=hidden)
    decoder.add(
        "layer", "TransformerDecoderLayer", "@input", "@memory", nhead=heads, dim_feedforward=hidden
    )
    net = Drawing({"encoder_layer": encoder.block(), "decoder_layer": decoder.block()})
    net.add("source", "Input", shape=[7, width])
    net.add("target", "Input", shape=[5, width])
    net.add("encoder", "encoder_layer", "source", repeat=layers)
    net.add("encoder_norm", "LayerNorm")
    before = "target"
    for place in range(layers):  # each reads the encoder, too
        before = net.add(f"decoder{place}", "decoder_layer", before, "encoder_norm")
    net.add("decoder_norm", "LayerNorm", before)
    return net.graph("Transformer")


def unet(width: float = 1) -> Graph:
    """milesial's variant, with BatchNorm and transposed convolutions."""
    double = Drawing()
    double.add("conv1", "Conv2d", "@input", kernel_size=3, padding=1, bias=False)
    double.add("bn1", "BatchNorm2d")
    double.add("relu1", "ReLU")
    double.add("conv2", "Conv2d", kernel_size=3, padding=1, bias=False)
    double.add("bn2", "BatchNorm2d")
    double.add("relu2", "ReLU")
    twice = double.block({"channels": ["conv1.out_channels", "conv2.out_channels"]})
    up = Drawing({"double": twice})
    up.add("up", "ConvTranspose2d", "@input", kernel_size=2, stride=2)
    up.add("join", "Concat", "@skip", "up")
    up.add("convs", "double", channels=64)
    net = Drawing(
        {"double": twice, "up": up.block({"channels": ["up.out_channels", "convs.channels"]})}
    )
    _image(net, 3, 64, 64)
    sizes = [int(channels * width) for channels in (64, 128, 256, 512, 1024)]
    for place, channels in enumerate(sizes):
        if place:
            net.add(f"pool{place}", "MaxPool2d", kernel_size=2)
        net.add(f"down{place}", "double", channels=channels)
    for place in (3, 2, 1, 0):
        before = "down4" if place == 3 else f"up{place + 1}"
        net.add(f"up{place}", "up", before, f"down{place}", channels=sizes[place])
    net.add("outc", "Conv2d", out_channels=2, kernel_size=1)
    return net.graph("U-Net")

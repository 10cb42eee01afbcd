/** Code to start a Custom component from. */

export type CodeTemplate = { id: string; title: string; words: string; code: string };

export const CODE_TEMPLATES: readonly CodeTemplate[] = [
  {
    id: "torch",
    title: "Torch class",
    words: "A module with weights of its own.",
    code: `class Component(nn.Module):
    def __init__(self, settings):
        super().__init__()
        self.mix = nn.Sequential(
            nn.Conv2d(3, 32, kernel_size=3, stride=2, padding=1),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )

    def forward(self, image):
        return self.mix(image)
`,
  },
  {
    id: "function",
    title: "Function",
    words: "Computes, without weights. Its arguments are the inputs, by name.",
    code: `def forward(image):
    # image: (b, c, h, w), from 0 to 1
    return image.mean((2, 3))
`,
  },
  {
    id: "keras",
    title: "Keras model",
    words: "Keras code that leaves a model, as in a notebook's cell.",
    code: `import keras
from keras import layers

base = keras.applications.MobileNetV2(input_shape=(160, 160, 3), include_top=False, weights=weights)
base.trainable = False
inputs = keras.Input((160, 160, 3))
x = layers.Rescaling(1 / 127.5, offset=-1)(inputs)
x = base(x, training=False)
outputs = layers.GlobalAveragePooling2D()(x)
model = keras.Model(inputs, outputs)
`,
  },
];

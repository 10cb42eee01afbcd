import hooks from "eslint-plugin-react-hooks";
import tseslint from "typescript-eslint";

// Imports go one way: api → model → store → kit → charts → canvas, panels → pages → app.
const LAYERS = [["api"], ["model"], ["store"], ["kit"], ["charts"], ["canvas", "panels"], ["pages"], ["app"]];

function layerRule(index) {
  const later = LAYERS.slice(index + 1).flat();
  return {
    files: LAYERS[index].map((name) => `src/${name}/**/*.{ts,tsx}`),
    rules: {
      "no-restricted-imports": [
        "error",
        {
          patterns: [
            ...(later.length
              ? [{ group: later.map((name) => `**/${name}/*`), message: "Imports go one way; see eslint.config.js." }]
              : []),
            ...(index <= 1 ? [{ group: ["react", "react-dom", "@xyflow/react"], message: "No React in this layer." }] : []),
          ],
        },
      ],
    },
  };
}

export default tseslint.config(
  { ignores: ["dist", "node_modules", "src/api/schema.d.ts"] },
  ...tseslint.configs.recommended,
  hooks.configs.flat.recommended,
  {
    rules: {
      "@typescript-eslint/no-unused-vars": ["error", { argsIgnorePattern: "^_", varsIgnorePattern: "^_" }],
      "max-lines": ["error", { max: 400 }],
      eqeqeq: "error",
      "no-console": "error",
    },
  },
  { files: ["src/**/*.test.{ts,tsx}"], rules: { "max-lines": "off" } },
  ...LAYERS.map((_, index) => layerRule(index)),
);

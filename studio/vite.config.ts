/// <reference types="vitest/config" />
import react from "@vitejs/plugin-react";
import { defineConfig } from "vite";

const server = process.env["GRAFTWORK_SERVER"] ?? "http://127.0.0.1:8765";

const token = process.env["GRAFTWORK_TOKEN"];

export default defineConfig({
  base: "/",
  plugins: [react()],
  build: {
    target: "es2022",
    assetsInlineLimit: 0,
    chunkSizeWarningLimit: 700,
    // Libraries that only some parts want stay out of what all parts share.
    rolldownOptions: {
      output: {
        codeSplitting: {
          includeDependenciesRecursively: false,
          groups: [{ name: "palette", test: /node_modules\/cmdk/ }],
        },
      },
    },
  },
  server: { proxy: { "/api": { target: server, ws: true, headers: token ? { authorization: `Bearer ${token}` } : {} } } },
  test: { environment: "node", include: ["src/**/*.test.{ts,tsx}"] },
});

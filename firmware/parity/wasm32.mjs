// Runs a program of this crate: node wasm32.mjs parity.wasm
import { readFileSync, writeSync } from "node:fs";

const env = {
  print(text, length) {
    writeSync(1, new Uint8Array(instance.exports.memory.buffer, text, length));
  },
};
const { instance } = await WebAssembly.instantiate(readFileSync(process.argv[2]), { env });
instance.exports.start();

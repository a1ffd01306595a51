declare module '@echogarden/rnnoise-wasm';

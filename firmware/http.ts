/**
 * Node's HTTP for a terminal. An `import` reads everything that `node:http` exports, and one of them is
 * a WebSocket that no terminal opens and that takes 8 MB of its memory; asked for so, it stays unloaded.
 */
const http = process.getBuiltinModule('node:http');

export const { createServer } = http;

/** The function that asks a server of this URL. */
export const requestOf = ({ protocol }: URL): typeof http.request =>
  protocol === 'https:' ? process.getBuiltinModule('node:https').request : http.request;

/** Certificates of the public authorities, PEM. */
export const publicAuthorities = (): readonly string[] =>
  process.getBuiltinModule('node:tls').rootCertificates;

/** A broker of the gateway's kind without a gateway, in a process of its own; prints its URL. */
import { createServer } from 'node:net';
import { Aedes } from 'aedes';

const broker = await Aedes.createBroker();
const server = createServer((socket) => {
  socket.setNoDelay(true);
  broker.handle(socket);
});
server.listen(0, '127.0.0.1', () => {
  const address = server.address();
  process.stdout.write(`mqtt://127.0.0.1:${typeof address === 'object' ? address?.port : 0}\n`);
});

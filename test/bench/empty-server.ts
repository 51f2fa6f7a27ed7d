/** The peer of `bench idle` and `bench start`: the same Node with the same web server, and nothing to do. */
import Fastify from 'fastify';

const app = Fastify();
app.get('/readyz', async () => ({ status: 'ready' }));
await app.listen({ host: '127.0.0.1', port: Number(process.argv[2] ?? 0) });
console.log(JSON.stringify({ ready: true }));

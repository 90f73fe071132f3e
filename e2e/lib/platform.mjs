// The platform's own page, where the browser is sent in the end.
import { createServer } from 'node:http';
import { once } from 'node:events';

/** Starts it on a free port. `visits` are the pages that were asked for, as they came. */
export async function startPlatform() {
  const visits = [];
  const server = createServer((request, response) => {
    // Browsers ask for the icon by themselves, or not.
    if (request.url !== '/favicon.ico') visits.push(request.url);
    response.setHeader('content-type', 'text/html; charset=utf-8');
    response.end('<!doctype html><html lang="en"><title>The platform</title><h1>Welcome back</h1>');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    visits,
    async stop() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

/** Text of a program with an HTTP server and `call(path)` to ask it, one request after the other; `close()` ends both. */
export const serverText = (handler: string): string => `
  import http from 'node:http';
  import net from 'node:net';
  const server = http.createServer(${handler});
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
  const call = (path, options = {}) => new Promise((resolve) => {
    const request = http.request({ host: '127.0.0.1', port, path, agent, ...options }, (response) => {
      response.resume().on('close', () => resolve(response.statusCode));
    });
    request.on('error', (error) => resolve(error.code)).end();
  });
  const close = () => { agent.destroy(); server.close(); server.closeAllConnections(); };
`;

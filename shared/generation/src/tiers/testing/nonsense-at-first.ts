/** @file A worker that says what is no message when it is first asked, and does what it should when it is started again. */
import { existsSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { CONNECTION } from '../worker-settings.ts';

const marker = process.env['ARROWSMITH_TEST_MARKER'] ?? '';
if (existsSync(marker)) await import('../attention-worker.ts');
else {
  const connection = new Socket({ fd: CONNECTION, readable: true, writable: true });
  connection.once('data', () => {
    writeFileSync(marker, '');
    connection.write('HTTP/1.1 400 Bad Request\r\n\r\n');
  });
}

import { request } from 'node:http';

export interface Posted {
  readonly status: number;
  readonly json: Readonly<Record<string, unknown>> | undefined;
}

/** Posts what it is given, byte by byte, and takes an answer that comes before all of it was sent. */
export function post(
  url: string,
  body: string | Buffer,
  headers: Readonly<Record<string, string>> = {},
): Promise<Posted> {
  return new Promise((resolve, reject) => {
    let isAnswered = false;
    const sent = request(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body), ...headers },
    });
    sent.on('response', (answer) => {
      isAnswered = true;
      const parts: Buffer[] = [];
      const settle = () => {
        const text = Buffer.concat(parts).toString();
        resolve({ status: answer.statusCode ?? 0, json: text === '' ? undefined : JSON.parse(text) });
      };
      answer.on('data', (part: Buffer) => parts.push(part)).on('end', settle);
    });
    // A server that refuses by the header alone closes while we still send.
    sent.on('error', (error) => {
      if (!isAnswered) reject(error);
    });
    sent.end(body);
  });
}

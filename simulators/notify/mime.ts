/** Reads an e-mail of one text part as a mailbox shows it (RFC 5322, RFC 2045, RFC 2047). */

export interface ReadMail {
  readonly from: string;
  readonly to: string;
  readonly subject: string;
  readonly message_id: string;
  readonly text: string;
}

/** Throws on what a plain mailbox would not show: several parts, or an unknown encoding. */
export function readMail(raw: string): ReadMail {
  const end = raw.indexOf('\r\n\r\n');
  if (end < 0) throw new Error('the message has no body');
  const headers = readHeaders(raw.slice(0, end));
  const type = headers.get('content-type') ?? 'text/plain';
  if (!type.startsWith('text/plain')) throw new Error(`the mailbox does not show ${type}`);
  const encoding = headers.get('content-transfer-encoding') ?? '7bit';
  return {
    from: decodeWords(headers.get('from') ?? '').replace(/^"([^"]*)"/, '$1'),
    to: decodeWords(headers.get('to') ?? ''),
    subject: decodeWords(headers.get('subject') ?? ''),
    message_id: headers.get('message-id') ?? '',
    text: decodeBody(raw.slice(end + 4), encoding.toLowerCase()).replaceAll('\r\n', '\n'),
  };
}

function readHeaders(text: string): Map<string, string> {
  const unfolded = text.replaceAll(/\r\n[ \t]+/g, ' ').split('\r\n');
  return new Map(
    unfolded.map((line) => {
      const at = line.indexOf(':');
      return [line.slice(0, at).toLowerCase(), line.slice(at + 1).trim()];
    }),
  );
}

function decodeBody(body: string, encoding: string): string {
  switch (encoding) {
    case '7bit':
    case '8bit':
      return body;
    case 'base64':
      return Buffer.from(body, 'base64').toString('utf8');
    case 'quoted-printable':
      return decodeQuoted(body.replaceAll(/=\r\n/g, ''));
    default:
      throw new Error(`the mailbox does not know the encoding ${encoding}`);
  }
}

const decodeQuoted = (text: string): string =>
  Buffer.from(
    text.replaceAll(/=([0-9A-F]{2})/gi, (_, hex: string) =>
      String.fromCharCode(Number.parseInt(hex, 16)),
    ),
    'latin1',
  ).toString('utf8');

/** `=?UTF-8?B?…?=`; white space between two such words is not shown. */
const decodeWords = (text: string): string =>
  text
    .replaceAll(/\?=\s+=\?/g, '?==?')
    .replaceAll(/=\?utf-8\?([bq])\?([^?]*)\?=/gi, (_, kind: string, word: string) =>
      kind.toLowerCase() === 'b'
        ? Buffer.from(word, 'base64').toString('utf8')
        : decodeQuoted(word.replaceAll('_', ' ')),
    );

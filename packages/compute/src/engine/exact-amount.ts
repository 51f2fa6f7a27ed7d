/** Exact decimals as text, such as `-893979.730`: never a JavaScript number (I13). */
interface Amount {
  readonly digits: bigint;
  readonly scale: number;
}

export function sameAmount(a: string, b: string): boolean {
  const [x, y] = aligned([parseAmount(a), parseAmount(b)]);
  return x === y;
}

export function exactSum(amounts: readonly string[]): string {
  const parsed = amounts.map(parseAmount);
  const scale = Math.max(0, ...parsed.map((amount) => amount.scale));
  const sum = aligned(parsed).reduce((total, digits) => total + digits, 0n);
  return formatAmount({ digits: sum, scale });
}

function parseAmount(text: string): Amount {
  const match = /^(-?)(\d+)(?:\.(\d+))?$/.exec(text);
  if (match === null) throw new Error(`not an exact amount: ${text}`);
  const fraction = match[3] ?? '';
  const digits = BigInt(`${match[2]}${fraction}`);
  return { digits: match[1] === '-' ? -digits : digits, scale: fraction.length };
}

function aligned(amounts: readonly Amount[]): readonly bigint[] {
  const scale = Math.max(0, ...amounts.map((amount) => amount.scale));
  return amounts.map((amount) => amount.digits * 10n ** BigInt(scale - amount.scale));
}

function formatAmount({ digits, scale }: Amount): string {
  const text = (digits < 0n ? -digits : digits).toString().padStart(scale + 1, '0');
  const whole = text.slice(0, text.length - scale);
  return `${digits < 0n ? '-' : ''}${whole}${scale === 0 ? '' : `.${text.slice(-scale)}`}`;
}

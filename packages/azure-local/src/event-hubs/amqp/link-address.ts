/** What the address of a link names. Consumer groups and hubs are told apart without regard to case. */
export type LinkAddress =
  | { readonly kind: 'cbs' }
  | { readonly kind: 'management' }
  | { readonly kind: 'hub'; readonly hub: string; readonly partition: string | undefined }
  | {
      readonly kind: 'consumer';
      readonly hub: string;
      readonly group: string;
      readonly partition: string;
    };

/** Undefined when nothing in a namespace has such an address. Full URLs, as some SDKs send, lose scheme and host. */
export function parseLinkAddress(address: string): LinkAddress | undefined {
  const path = address.replace(/^[a-z]+:\/\/[^/]*\//i, '').replace(/^\//, '');
  if (path.toLowerCase() === '$cbs') return { kind: 'cbs' };
  const parts = path.split('/');
  const [hub = '', keyword = '', second = '', third = '', fourth = ''] = parts;
  const words = parts.map((part) => part.toLowerCase());
  if (words.at(-1) === '$management' && parts.length <= 2) return { kind: 'management' };
  if (hub === '' || hub.startsWith('$')) return undefined;
  if (parts.length === 1) return { kind: 'hub', hub, partition: undefined };
  if (parts.length === 3 && keyword.toLowerCase() === 'partitions')
    return { kind: 'hub', hub, partition: second };
  if (parts.length === 5 && words[1] === 'consumergroups' && third.toLowerCase() === 'partitions')
    return { kind: 'consumer', hub, group: second, partition: fourth };
  return undefined;
}

/** Path of a token's audience (`sb://host:port/orders/Partitions/0` → `orders/partitions/0`), lower-case. */
export function audiencePath(audience: string): string {
  return audience
    .replace(/^[a-z]+:\/\/[^/]*/i, '')
    .replace(/^\/+|\/+$/g, '')
    .toLowerCase();
}

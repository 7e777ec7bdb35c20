import { BlockList } from 'node:net';

/**
 * Addresses that no database lives at but that people reach for through a service that connects to hosts it is
 * given: link-local networks and the metadata services of clouds, "this host", multicast and broadcast. IPv4-mapped
 * IPv6 spellings are covered: `BlockList` compares them as IPv4.
 */
const refused = new BlockList();
refused.addSubnet('0.0.0.0', 8, 'ipv4');
refused.addSubnet('169.254.0.0', 16, 'ipv4');
refused.addAddress('100.100.100.200', 'ipv4');
refused.addSubnet('224.0.0.0', 4, 'ipv4');
refused.addAddress('255.255.255.255', 'ipv4');
refused.addAddress('::', 'ipv6');
refused.addSubnet('fe80::', 10, 'ipv6');
refused.addAddress('fd00:ec2::254', 'ipv6');
refused.addSubnet('ff00::', 8, 'ipv6');
// A NAT64 gateway turns these into the IPv4 addresses above.
refused.addSubnet('64:ff9b::a9fe:0', 112, 'ipv6');
refused.addAddress('64:ff9b::6464:64c8', 'ipv6');

const loopback = new BlockList();
loopback.addSubnet('127.0.0.0', 8, 'ipv4');
loopback.addAddress('::1', 'ipv6');

/**
 * Whether a resolved address must not be connected to. Loopback is a normal place for a database (the embedded stack
 * is one), unless the operator says that it is not by `DATAMAP_REFUSE_LOOPBACK=true`.
 */
export function isRefusedAddress(address: string, family: 4 | 6): boolean {
  const withoutZone = address.replace(/%.*$/, '');
  const type = family === 4 ? 'ipv4' : 'ipv6';
  if (refused.check(withoutZone, type)) return true;
  return process.env['DATAMAP_REFUSE_LOOPBACK'] === 'true' && loopback.check(withoutZone, type);
}

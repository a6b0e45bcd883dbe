import { createWebhookTargets, isPublicAddress } from './targets.ts';

// docs/PROTOCOL.md P20: the addresses to which notices may be sent.

test.each([
  ['0.0.0.0'],
  ['0.1.2.3'],
  ['10.0.0.1'],
  ['10.255.255.255'],
  ['100.64.0.1'],
  ['100.100.100.200'],
  ['100.127.255.255'],
  ['127.0.0.1'],
  ['127.255.255.254'],
  ['169.254.169.254'],
  ['169.254.0.23'],
  ['172.16.0.1'],
  ['172.31.255.255'],
  ['192.0.0.192'],
  ['192.0.2.1'],
  ['192.88.99.1'],
  ['192.168.1.1'],
  ['198.18.0.1'],
  ['198.19.255.255'],
  ['198.51.100.7'],
  ['203.0.113.7'],
  ['224.0.0.1'],
  ['239.255.255.255'],
  ['240.0.0.1'],
  ['255.255.255.255'],
  ['168.63.129.16'],
  ['::'],
  ['::1'],
  ['0:0:0:0:0:0:0:1'],
  ['::127.0.0.1'],
  ['fc00::1'],
  ['fd00:ec2::254'],
  ['fe80::1'],
  ['fe80::1%eth0'],
  ['febf::1'],
  ['fec0::1'],
  ['ff02::1'],
  ['64:ff9b::7f00:1'],
  ['64:ff9b::8.8.8.8'],
  ['64:ff9b:1::1'],
  ['100::1'],
  ['2001::1'],
  ['2001:0:4136:e378:8000:63bf:3fff:fdd2'],
  ['2001:2::1'],
  ['2001:10::1'],
  ['2001:db8::1'],
  ['2002:7f00:1::'],
  ['3fff::1'],
  ['4000::1'],
  ['::ffff:127.0.0.1'],
  ['::ffff:7f00:1'],
  ['0:0:0:0:0:ffff:10.0.0.1'],
  ['::FFFF:A9FE:A9FE'],
  ['::ffff:0:0'],
  ['::ffff:0:7f00:1'],
  [''],
  ['localhost'],
  ['8.8.8'],
  ['8.8.8.8.8'],
  ['not an address'],
])('%p is not public', (address) => {
  expect(isPublicAddress(address)).toBe(false);
});

test.each([
  ['1.1.1.1'],
  ['8.8.8.8'],
  ['9.255.255.255'],
  ['11.0.0.0'],
  ['100.63.255.255'],
  ['100.128.0.0'],
  ['126.255.255.255'],
  ['128.0.0.0'],
  ['169.253.255.255'],
  ['172.15.255.255'],
  ['172.32.0.0'],
  ['192.0.1.0'],
  ['192.167.255.255'],
  ['192.169.0.0'],
  ['198.17.255.255'],
  ['198.20.0.0'],
  ['223.5.5.5'],
  ['223.255.255.255'],
  ['2400:3200::1'],
  ['2606:4700:4700::1111'],
  ['2a00:1450:4001:82a::200e'],
  ['2001:200::1'],
  ['2001:4860:4860::8888'],
  ['::ffff:8.8.8.8'],
  ['::ffff:808:808'],
])('%p is public', (address) => {
  expect(isPublicAddress(address)).toBe(true);
});

const never = (): Promise<never> => Promise.reject(new Error('a URL is judged without a name server'));
const open = createWebhookTargets('public', { resolve: never });

test.each([
  ['https://example.com/hooks?of=changes'],
  ['https://example.com:8443/'],
  ['https://示例.中国/'],
  ['https://223.5.5.5/'],
  ['https://[2400:3200::1]:8443/'],
  // Names are checked by their addresses, at each delivery.
  ['https://localhost/'],
  ['https://metadata.google.internal/'],
])('%p may be a target', (url) => {
  expect(open.urlProblem(url)).toBeNull();
});

test.each([
  [''],
  ['example.com'],
  ['/hooks'],
  ['http://example.com/'],
  ['ftp://example.com/'],
  ['file:///etc/passwd'],
  ['gopher://example.com/'],
  ['https://'],
  ['wss://example.com/'],
  ['https://user@example.com/'],
  ['https://user:secret@example.com/'],
  ['https://:secret@example.com/'],
  ['https://127.0.0.1/'],
  ['https://127.1/'],
  ['https://2130706433/'],
  ['https://0x7f.0.0.1/'],
  ['https://0177.0.0.1/'],
  ['https://127.0.0.1./'],
  ['https://１２７.0.0.1/'],
  ['https://[::1]/'],
  ['https://[::ffff:127.0.0.1]/'],
  ['https://[0:0:0:0:0:0:0:0]/'],
  ['https://169.254.169.254/latest/meta-data/'],
  ['https://10.0.0.1:5432/'],
  ['https://[fd00:ec2::254]/'],
  ['https://0/'],
  [`https://example.com/${'x'.repeat(2048)}`],
])('%p may be none', (url) => {
  expect(open.urlProblem(url)).not.toBeNull();
});

test('for development any address will do, over HTTP too; a password still not', () => {
  const any = createWebhookTargets('any');
  expect(any.urlProblem('http://127.0.0.1:3000/hooks')).toBeNull();
  expect(any.urlProblem('https://[::1]/')).toBeNull();
  expect(any.urlProblem('http://user:secret@127.0.0.1/')).not.toBeNull();
  expect(any.urlProblem('ftp://127.0.0.1/')).not.toBeNull();
});

test('the name of a developer’s own machine is found where any address will do', async () => {
  expect(await createWebhookTargets('any').resolve('localhost')).toEqual(
    expect.arrayContaining([expect.stringMatching(/^(127\.0\.0\.1|::1)$/)]),
  );
});

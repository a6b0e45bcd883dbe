// Run `node .ci/complete-lock.cjs` after npm install. The `npm ci` of npm 11 requires every optional platform package
// in the lock, and npm leaves out those that the registry at hand does not carry. A package that does not fit the
// platform is not fetched.
const { readFileSync, writeFileSync } = require('node:fs');

const lock = JSON.parse(readFileSync('package-lock.json', 'utf8'));
for (const { optionalDependencies = {}, dev } of Object.values(lock.packages)) {
  for (const [name, version] of Object.entries(optionalDependencies)) {
    const path = `node_modules/${name}`;
    const [os, cpu, libc] = (/binding-(.+)$/.exec(name)?.[1] ?? '').split('-');
    if (lock.packages[path] || !os || !cpu) continue;
    const fitting = os === 'linux' ? { libc: [libc?.includes('musl') ? 'musl' : 'glibc'] } : {};
    lock.packages[path] = {
      version,
      cpu: [cpu],
      ...(dev ? { dev: true } : {}),
      license: 'MIT',
      optional: true,
      os: [os],
      ...fitting,
    };
  }
}
const [[rootName, root], ...rest] = Object.entries(lock.packages);
lock.packages = Object.fromEntries([[rootName, root], ...rest.toSorted(([a], [b]) => (a < b ? -1 : 1))]);
writeFileSync('package-lock.json', `${JSON.stringify(lock, null, 2)}\n`);

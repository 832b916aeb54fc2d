/** `drain`: takes a server out of service in the catalog, and back into it. */
import { SyncedCatalogFile } from '../../adapters/files/synced-catalog';
import { parseCatalog } from '../../lib/catalog/parse';
import type { Command, OptionValues } from '../command';
import { EXIT, type Io } from '../io';
import { UsageError } from '../usage-error';
import { required } from '../values';

const NAME = 'drain';

const HELP = `Usage: comfyui-router drain SERVER --catalog F [--undo]

Sets "draining" of that server in the catalog: it gets no new jobs, what it has it finishes, and its
VRAM is monitored as before. Whoever reads the file decides by it from the next decision on. When its
queue is empty it can be updated, moved or switched off.

  SERVER        its name in the catalog
  --catalog F   models_config.json; nothing else in it is touched, and the version before is kept as F.bak
  --undo        it takes jobs again
  --json        the answer on one line, for machines

Exit code: 0 done (also where it was so already), 1 failed, 64 bad input.

Examples:
  comfyui-router drain gpu-2 --catalog models_config.json
  comfyui-router drain gpu-2 --catalog models_config.json --undo
`;

export const drain: Command = {
	name: NAME,
	summary: 'take a server out of service, and back into it',
	help: HELP,
	anyWord: 'the name of a server',
	options: { catalog: { type: 'string' }, undo: { type: 'boolean' } },
	run,
};

async function run(values: OptionValues, io: Io): Promise<number> {
	const name = values[''];
	if (typeof name !== 'string') {
		throw new UsageError('The server is missing: drain SERVER --catalog F.', NAME);
	}
	const file = required(values, 'catalog', 'the models_config.json with the server', NAME);
	const draining = values['undo'] !== true;
	const catalog = new SyncedCatalogFile(file);
	const before = await catalog.read();
	const { servers } = parseCatalog(before.value);
	const index = servers.findIndex((server) => server.name === name);
	if (index < 0) throw unknownServer(name, servers);
	const changed = (servers[index]?.draining ?? false) !== draining;
	if (changed) {
		const after = catalog.editServer(before.text, index, 'draining', draining);
		parseCatalog(after.value);
		await catalog.write(before.text, after.text);
	}
	const answer = { server: name, draining, changed };
	const what = draining ? 'drains: it gets no new jobs' : 'takes jobs';
	const note = changed ? '' : ' (as before)';
	io.out(values['json'] === true ? `${JSON.stringify(answer)}\n` : `${name} ${what}${note}.\n`);
	return EXIT.done;
}

function unknownServer(name: string, servers: readonly { name: string }[]): UsageError {
	const known = servers.map((server) => server.name).join(', ');
	const has = known === '' ? 'It has none' : `It has ${known}`;
	return new UsageError(
		`The catalog has no server "${name}". ${has}; one that only a credential names needs an entry of that name under "servers" first.`,
		NAME,
	);
}

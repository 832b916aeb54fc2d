/**
 * The demo's weeks in the logs, and the report of them: so that a first start has something to look at. A database that
 * was there before gets new demo rows only where it still has some: whoever removed them does not get them back.
 */
import { join } from 'node:path';
import pg from 'pg';
import { runLogged } from '../provision/command.mjs';

/**
 * @param {{ root: string, databaseUrl: string, fresh: boolean, days: number, folder: string }} options `fresh`: the
 * database was made just now
 * @returns {Promise<string | null>} the report's path; null where there is no demo
 */
export async function seedDemo({ root, databaseUrl, fresh, days, folder }) {
	if (!fresh && !(await hasDemo(databaseUrl))) return null;
	const env = { ...process.env, DATABASE_URL: databaseUrl };
	const router = (label, ...args) =>
		runLogged(process.execPath, [join(root, 'dist/cli/main.js'), ...args], {
			...{ cwd: root, env, label },
			logFile: join(folder, `${args[0]}.log`),
		});
	await router('filling the logs with a demo', 'seed-demo', '--days', String(days));
	const report = join(folder, 'report.html');
	await router('making the report', 'report', '--out', report, '--days', String(Math.min(days, 7)));
	return report;
}

async function hasDemo(databaseUrl) {
	const client = new pg.Client({ connectionString: databaseUrl });
	await client.connect();
	try {
		const { rows } = await client.query(`select to_regclass('vram_usage_log') is not null as made`);
		if (!rows[0].made) return false;
		const text = `select 1 from vram_usage_log where server = 'demo:edge' limit 1`;
		return (await client.query(text)).rowCount > 0;
	} finally {
		await client.end();
	}
}

/**
 * `npm start -- --check`: proves a started demo from outside: nodes loaded, an example answers, its row is in Postgres.
 * Owns the proof; starts and stops nothing.
 */
import { readFile } from 'node:fs/promises';
import pg from 'pg';
import { say } from '../provision/command.mjs';

const NODE_TYPES = ['selectModel', 'logUsage', 'vramMonitorTrigger', 'manageModels'];

/** Rejects with what is wrong. */
export async function checkDemo({ n8n, databaseUrl, report }) {
	const types = await n8n.rest.nodeTypes();
	for (const name of NODE_TYPES) {
		expect(
			types.some((type) => type.name === `n8n-nodes-comfyui-router.${name}`),
			`n8n did not load the node ${name}`,
		);
	}
	say('  nodes loaded');
	const page = await readFile(report, 'utf8');
	expect(page.includes('demo:studio-a'), 'the report does not show the demo');
	say('  the report shows the demo');
	const { status, body } = await n8n.rest.webhook('comfyui-image', {
		purpose: 'photo',
		urgency: 'flexible',
		prompt: 'a lighthouse at dusk',
	});
	expect(
		status === 200 && body.selection?.model_name,
		`the example answered ${status}: ${JSON.stringify(body).slice(0, 500)}`,
	);
	say(`  the example answers: ${body.selection.selection_reason}`);
	const row = await usageRow(databaseUrl, body.prompt_id);
	expect(row?.model_name === body.selection.model_name, 'its row is not in model_usage_log');
	say(`  model_usage_log has the run: ${row.actual_seconds} s by ${row.timing_source}`);
}

async function usageRow(databaseUrl, promptId) {
	const client = new pg.Client({ connectionString: databaseUrl });
	await client.connect();
	try {
		const text = 'select * from model_usage_log where prompt_id = $1';
		return (await client.query(text, [promptId])).rows[0];
	} finally {
		await client.end();
	}
}

function expect(condition, failure) {
	if (!condition) throw new Error(`The check failed: ${failure}.`);
}

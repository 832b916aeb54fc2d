/**
 * Puts credentials and the example workflows into a running n8n. Owns how an example finds its credentials: by
 * their type. Leaves a workflow alone that is there already: it is the user's.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { say } from '../provision/command.mjs';

/**
 * Creates the credential, or gives the one of that name the new data (addresses may change between two starts).
 * @returns {Promise<{ id: string, name: string, type: string }>}
 */
export async function putCredential(rest, name, type, data) {
	const all = await rest.request('GET', '/rest/credentials');
	const found = all.find((credential) => credential.name === name && credential.type === type);
	if (!found) return await rest.createCredential(name, type, data);
	await rest.request('PATCH', `/rest/credentials/${found.id}`, { name, type, data });
	return found;
}

/** The shipped examples by file name. @returns {Promise<{ file: string, workflow: any }[]>} */
export async function readExamples(folder) {
	const files = (await readdir(folder)).filter((file) => file.endsWith('.json')).sort();
	const read = async (file) => ({
		file,
		workflow: JSON.parse(await readFile(join(folder, file), 'utf8')),
	});
	return await Promise.all(files.map(read));
}

/**
 * The workflow with the credentials that its nodes name by type, whatever their ids were where it was exported.
 * @param {any} workflow as exported from n8n
 * @param {{ id: string, name: string, type: string }[]} credentials
 */
export function withCredentials(workflow, credentials) {
	const wire = ([type, reference]) => {
		const found = credentials.find((credential) => credential.type === type);
		return [type, found ? { id: found.id, name: found.name } : reference];
	};
	const nodes = workflow.nodes.map((node) =>
		node.credentials
			? { ...node, credentials: Object.fromEntries(Object.entries(node.credentials).map(wire)) }
			: node,
	);
	return { ...workflow, nodes };
}

/**
 * Imports and activates the examples that are not there yet.
 * @returns {Promise<any[]>} all of them, as n8n has them
 */
export async function putExamples(rest, examples, credentials) {
	const present = await rest.request('GET', '/rest/workflows');
	const workflows = [];
	for (const { workflow } of examples) {
		const found = present.find((other) => other.name === workflow.name);
		workflows.push(found ?? (await putWorkflow(rest, withCredentials(workflow, credentials))));
	}
	return workflows;
}

/** Imports a workflow and switches it on if something outside can start it. */
export async function putWorkflow(rest, { name, nodes, connections, settings }) {
	const created = await rest.createWorkflow({ name, nodes, connections, settings: settings ?? {} });
	if (startsItself(created)) await activateIfReady(rest, created);
	return created;
}

/**
 * Leaves off what n8n refuses as not ready: some examples need a credential that only the user can give, such as that of
 * a mail server or a chat model.
 */
async function activateIfReady(rest, workflow) {
	try {
		await rest.activate(workflow);
	} catch (error) {
		if (!/Missing required credential/.test(error.body?.message)) throw error;
		say(`  "${workflow.name}" stays off until you give its credential.`);
	}
}

/** A chat is used in the editor, which needs no switching on. */
function startsItself(workflow) {
	return workflow.nodes.some(
		({ type }) =>
			/(webhook|Trigger)$/.test(type) && !/\.(manual|executeWorkflow|chat)Trigger$/.test(type),
	);
}

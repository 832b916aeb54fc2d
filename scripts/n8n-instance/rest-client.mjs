/**
 * n8n's REST interface as its own pages use it, logged in as the owner, plus the public API for executions.
 * Owns paths, cookie and API key; asserts nothing about the answers' meaning.
 */
import { setTimeout as sleep } from 'node:timers/promises';

/** n8n binds a session to a browser by this header; any constant will do. */
const BROWSER_ID = 'comfyui-router-driver';
const POLL_MS = 200;
const REGISTERED_WITHIN_MS = 15_000;

/** A request that n8n answered with an error. */
export class N8nRequestError extends Error {
	constructor(method, path, status, body) {
		super(`n8n answered ${status} to ${method} ${path}: ${JSON.stringify(body)}`);
		this.name = 'N8nRequestError';
		this.status = status;
		this.body = body;
	}
}

export class N8nRestClient {
	#cookie = '';
	#apiKey = '';

	/** @param {string} url n8n's address without a slash at the end */
	constructor(url) {
		this.url = url;
	}

	/** Makes the owner account where n8n has none yet: older versions do not take it from their environment. */
	async setUpOwner({ email, password }) {
		const settings = await this.request('GET', '/rest/settings');
		if (settings?.userManagement?.showSetupOnFirstLoad !== true) return;
		const owner = { email, password, firstName: 'Router', lastName: 'Owner' };
		await this.request('POST', '/rest/owner/setup', owner);
	}

	/** Logs in and makes an API key; the other calls need both. */
	async login(email, password) {
		await this.request('POST', '/rest/login', { emailOrLdapLoginId: email, password });
		const scopes = await this.request('GET', '/rest/api-keys/scopes');
		const label = `driver ${Date.now()}`;
		const key = await this.request('POST', '/rest/api-keys', { label, scopes, expiresAt: null });
		this.#apiKey = key.rawApiKey;
	}

	/** One call of the pages' own interface, which wraps every answer in `data`. */
	async request(method, path, body) {
		const answer = await this.call(method, path, body);
		return answer?.data ?? answer;
	}

	/** One call; resolves with the whole answer. */
	async call(method, path, body) {
		const response = await fetch(this.url + path, {
			method,
			headers: {
				'content-type': 'application/json',
				'browser-id': BROWSER_ID,
				cookie: this.#cookie,
				...(this.#apiKey ? { 'x-n8n-api-key': this.#apiKey } : {}),
			},
			body: body === undefined ? undefined : JSON.stringify(body),
		});
		this.#keepCookie(response);
		const answer = parseBody(await response.text());
		if (!response.ok) throw new N8nRequestError(method, path, response.status, answer);
		return answer;
	}

	#keepCookie(response) {
		for (const cookie of response.headers.getSetCookie()) {
			if (cookie.startsWith('n8n-auth=')) this.#cookie = cookie.split(';')[0];
		}
	}

	/** @returns {Promise<any[]>} the descriptions of all loaded node types */
	async nodeTypes() {
		return await this.request('GET', '/types/nodes.json');
	}

	async createCredential(name, type, data) {
		return await this.request('POST', '/rest/credentials', { name, type, data });
	}

	/** The Test button. @returns {Promise<{ status: 'OK' | 'Error', message: string }>} */
	async testCredential(credential) {
		return await this.request('POST', '/rest/credentials/test', { credentials: credential });
	}

	async createWorkflow(workflow) {
		return await this.request('POST', '/rest/workflows', { settings: {}, ...workflow });
	}

	/** Switches a workflow's triggers on. That the answer says active does not mean that they run. */
	async activate(workflow) {
		const body = { versionId: workflow.versionId };
		return await this.request('POST', `/rest/workflows/${workflow.id}/activate`, body);
	}

	async deactivate(workflow) {
		return await this.request('POST', `/rest/workflows/${workflow.id}/deactivate`);
	}

	/** The Execute button. @returns {Promise<{ executionId: string }>} */
	async run(workflow, triggerName) {
		// older versions run what they are sent, newer ones what is stored
		const workflowData = await this.request('GET', `/rest/workflows/${workflow.id}`);
		const body = { workflowData, triggerToStartFrom: { name: triggerName } };
		return await this.request('POST', `/rest/workflows/${workflow.id}/run`, body);
	}

	/**
	 * A call to an active workflow's webhook; waits for its registration, which happens after the answer to `activate`.
	 * @returns {Promise<{ status: number, body: any }>}
	 */
	async webhook(path, body) {
		return await until(REGISTERED_WITHIN_MS, `the webhook ${path}`, async () => {
			const answer = await this.#callWebhook(path, body);
			return answer.status === 404 ? null : answer;
		});
	}

	async #callWebhook(path, body) {
		const response = await fetch(`${this.url}/webhook/${path}`, {
			method: 'POST',
			headers: { 'content-type': 'application/json' },
			body: JSON.stringify(body),
		});
		return { status: response.status, body: parseBody(await response.text()) };
	}

	/** One execution with the data of all its nodes. */
	async execution(id) {
		return await this.call('GET', `/api/v1/executions/${id}?includeData=true`);
	}

	/** The executions of a workflow that n8n has saved, newest first. */
	async executions(workflowId) {
		const query = `workflowId=${workflowId}&includeData=true&limit=50`;
		return (await this.call('GET', `/api/v1/executions?${query}`)).data;
	}

	/** Resolves with the execution when it has ended. */
	async waitForExecution(id, timeoutMs = 60_000) {
		return await until(timeoutMs, `execution ${id} to end`, async () => {
			const execution = await this.execution(id).catch(ignoreNotFound);
			return execution?.finished || execution?.stoppedAt ? execution : null;
		});
	}

	/** Resolves with a workflow's executions when at least `count` have ended. */
	async waitForExecutions(workflowId, count, timeoutMs = 60_000) {
		return await until(timeoutMs, `${count} executions of ${workflowId}`, async () => {
			const ended = (await this.executions(workflowId)).filter((e) => e.stoppedAt);
			return ended.length >= count ? ended : null;
		});
	}
}

/** What a node of an execution put out, as plain items. @returns {any[]} */
export function nodeOutput(execution, nodeName, output = 0) {
	const runs = execution.data?.resultData?.runData?.[nodeName] ?? [];
	return runs.flatMap((run) => (run.data?.main?.[output] ?? []).map((item) => item.json));
}

/** Polls until `probe` gives something else than null; the state itself is what is waited for, never a time. */
export async function until(timeoutMs, what, probe) {
	const endMs = Date.now() + timeoutMs;
	for (;;) {
		const found = await probe();
		if (found !== null && found !== undefined) return found;
		if (Date.now() > endMs) throw new Error(`Waited ${timeoutMs / 1000} s for ${what} in vain.`);
		await sleep(POLL_MS);
	}
}

function ignoreNotFound(error) {
	if (error.status === 404) return null;
	throw error;
}

function parseBody(text) {
	try {
		return JSON.parse(text);
	} catch {
		return text;
	}
}

/** The end-to-end run's n8n, as a test file uses it: logged in, with workflows that are gone when the file ends. */
import { inject } from 'vitest';

import { N8nRestClient } from '../../scripts/n8n-instance/rest-client.mjs';

/** A client of the running n8n, logged in as the owner. */
export async function connectN8n(): Promise<N8nRestClient> {
	const { url, email, password } = inject('n8n');
	const rest = new N8nRestClient(url);
	await rest.login(email, password);
	return rest;
}

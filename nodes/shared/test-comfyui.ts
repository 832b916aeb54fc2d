/** The Test button of the ComfyUI credential: asks every server and names the ones that fail. */
import type {
	ICredentialsDecrypted,
	ICredentialTestFunctions,
	INodeCredentialTestResult,
} from 'n8n-workflow';

import type { ComfyUiClient } from '../../adapters/comfyui';
import { helpLink } from '../../adapters/files/help-link';
import { RouterError } from '../../lib/errors';
import { formatGb } from '../../lib/units';
import { comfyUiClients } from './comfyui-servers';
import { credentialTestFailure } from './credential-test-failure';

/** Short enough that a person waits for it. */
const TIMEOUT_SECONDS = 8;

interface Answer {
	server: string;
	ok: boolean;
	text: string;
}

async function ask(client: ComfyUiClient): Promise<Answer> {
	const server = client.name;
	try {
		const stats = await client.systemStats();
		const device = stats.devices[0];
		const vram = device ? `, ${formatGb(device.vram_total)} on ${device.type ?? 'its device'}` : '';
		return {
			server,
			ok: true,
			text: `ComfyUI ${stats.comfyuiVersion ?? '(version unknown)'}${vram}`,
		};
	} catch (error) {
		const text =
			error instanceof RouterError
				? `${error.message} ${error.hint} More: ${helpLink(error.code)}`
				: String(error);
		return { server, ok: false, text };
	} finally {
		client.close();
	}
}

export async function testComfyUi(
	this: ICredentialTestFunctions,
	credential: ICredentialsDecrypted,
): Promise<INodeCredentialTestResult> {
	try {
		const clients = comfyUiClients(credential.data ?? {}, TIMEOUT_SECONDS);
		const answers = await Promise.all(clients.map(ask));
		const failed = answers.filter((answer) => !answer.ok);
		if (failed.length === 0) {
			const lines = answers.map((answer) => `${answer.server}: ${answer.text}`);
			return { status: 'OK', message: `Every server answers. ${lines.join('; ')}` };
		}
		const lines = failed.map((answer) => `${answer.server}: ${answer.text}`);
		return {
			status: 'Error',
			message: `${failed.length} of ${answers.length} servers failed. ${lines.join(' | ')}`,
		};
	} catch (error) {
		return credentialTestFailure(error);
	}
}

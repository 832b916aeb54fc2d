/** A certificate for one host name, for a server on this machine that stands in for it. Made by openssl, valid a day. */
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { SetupError } from '../provision/command.mjs';

const run = promisify(execFile);

/** @returns {Promise<{ key: Buffer, cert: Buffer, certFile: string }>} */
export async function makeCertificate(folder, host) {
	const [keyFile, certFile] = [join(folder, 'key.pem'), join(folder, 'cert.pem')];
	const request = ['req', '-x509', '-newkey', 'rsa:2048', '-nodes', '-days', '1'];
	const subject = ['-subj', `/CN=${host}`, '-addext', `subjectAltName=DNS:${host}`];
	try {
		await run('openssl', [...request, ...subject, '-keyout', keyFile, '-out', certFile]);
	} catch (error) {
		throw new SetupError(
			`No certificate could be made: ${error.stderr || error.message}`,
			'Install openssl (for example "apt-get install openssl"), then run the same command again.',
		);
	}
	return { key: await readFile(keyFile), cert: await readFile(certFile), certFile };
}

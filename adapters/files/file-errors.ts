/** What a failed file operation means to a person. Turns Node's error codes into RouterError; shows paths only. */
import { RouterError } from '../../lib/errors';

type FileAction = 'read' | 'write';

const READ_HINTS: Record<string, string> = {
	ENOENT:
		'Check the path. In Docker it must be a path inside the container, in queue mode on every worker.',
	ENOTDIR: 'A part of the path is a file, not a folder: check the path.',
	EISDIR: 'This is a folder: give the path of a file.',
	EACCES: 'Let the user that runs n8n read it (chmod, or the owner of the mounted volume).',
	EPERM: 'Let the user that runs n8n read it (chmod, or the owner of the mounted volume).',
	ELOOP: 'The path runs through links in a circle: give the real path.',
	EMFILE: 'Too many files are open: raise the limit (ulimit -n).',
};

const WRITE_HINTS: Record<string, string> = {
	ENOENT: 'The folder is gone: make it, or check the path.',
	ENOTDIR: 'A part of the path is a file, not a folder: check the path.',
	EISDIR: 'This is a folder: give the path of a file.',
	EACCES:
		'Let the user that runs n8n write to the folder, or read the catalog from a file or as JSON instead.',
	EPERM:
		'Let the user that runs n8n write to the folder, or read the catalog from a file or as JSON instead.',
	EROFS:
		'The file system is read-only: mount a writable volume, or read the catalog from a file or as JSON instead.',
	ENOSPC: 'The disk is full: free some space.',
	EDQUOT: 'The disk quota is used up: free some space.',
};

/** @param cause what Node threw */
export function fileError(action: FileAction, path: string, cause: unknown): RouterError {
	const code = (cause as NodeJS.ErrnoException | null)?.code ?? 'unknown error';
	const missing = action === 'read' && code === 'ENOENT';
	const hints = action === 'read' ? READ_HINTS : WRITE_HINTS;
	return new RouterError({
		code: missing ? 'FILE_NOT_FOUND' : action === 'read' ? 'FILE_UNREADABLE' : 'FILE_UNWRITABLE',
		message: missing
			? `There is no file ${path}.`
			: `The file ${path} cannot be ${action === 'read' ? 'read' : 'written'} (${code}).`,
		hint: hints[code] ?? 'Check the path and the rights of the user that runs n8n.',
		cause,
	});
}

/** JSON as Python writes it. Owns the one tolerance we need: bare NaN and Infinity, which Python emits and JSON forbids. */

/** A text that is never closed matches to the end, so that no later quote of it is tried again: linear in any input. */
const STRING_OR_BARE = /"[^"\\]*(?:\\[\s\S][^"\\]*)*(?:"|\\?$)|-?\b(?:NaN|Infinity)\b/g;

/** @throws SyntaxError where it is no JSON even with NaN and Infinity read as null */
export function parsePythonJson(text: string): unknown {
	try {
		return JSON.parse(text);
	} catch (error) {
		if (!/NaN|Infinity/.test(text)) throw error;
		return JSON.parse(
			text.replace(STRING_OR_BARE, (found) => (found.startsWith('"') ? found : 'null')),
		);
	}
}

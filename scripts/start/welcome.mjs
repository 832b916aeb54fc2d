/** What `npm start` prints when everything runs: the address, the login, and what to click. */

/** @param {any} demo what demo.mjs started @returns {string} */
export function welcome({ n8n, comfyui, databaseUrl, workflows, report, stateFolder }) {
	const names = workflows.map(({ name }) => `     - ${name}`).join('\n');
	const request = '{"purpose":"photo","urgency":"urgent","prompt":"a lighthouse at dusk"}';
	const demo = report
		? `  5. See weeks of a demo studio: open ${report}
     (npx comfyui-router seed-demo --remove takes its rows out of the database again)
`
		: '';
	return `
n8n is ready:  ${n8n.url}
  Login:       ${n8n.owner.email}  /  ${n8n.owner.password}
  ComfyUI:     ${comfyui.description}
  PostgreSQL:  ${databaseUrl}
  Data:        ${stateFolder}

What to do now:
  1. Open the address and log in. Under Workflows you find the examples, credentials already set:
${names}
  2. Ask for an image; the answer names the model and why it was chosen:
     curl -X POST ${n8n.url}/webhook/comfyui-image -H 'content-type: application/json' \\
       -d '${request}'
  3. Open "Executions" of that workflow and click "Select Model" to see the alternatives.
  4. Look at the log: the tables model_usage_log and vram_usage_log in the database above.
${demo}
Ctrl-C stops everything. The next start continues with the same data.
`;
}

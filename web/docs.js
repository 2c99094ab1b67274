/** Shows /openapi.json; the key that the status page keeps in this tab is filled in. */
const key = sessionStorage.getItem('vigil-key');
const ui = window.SwaggerUIBundle({
  url: '/openapi.json',
  dom_id: '#docs',
  deepLinking: true,
  validatorUrl: null,
  docExpansion: 'list',
  defaultModelsExpandDepth: 0,
  onComplete: () => {
    if (key !== null) ui.preauthorizeApiKey('key', key);
  },
});

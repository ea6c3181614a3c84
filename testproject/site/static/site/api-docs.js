// Swagger UI, tried out with the session of this browser: what changes something shows
// the CSRF token as well.

const place = document.getElementById("api");

window.SwaggerUIBundle({
  domNode: place,
  url: place.dataset.schema,
  deepLinking: true,
  docExpansion: "none",
  defaultModelsExpandDepth: -1,
  validatorUrl: null,
  requestInterceptor(request) {
    const token = document.cookie.match(/(?:^|; )csrftoken=([^;]*)/)?.[1];
    if (token && !["GET", undefined].includes(request.method)) {
      request.headers["X-CSRFToken"] = token;
    }
    return request;
  },
});

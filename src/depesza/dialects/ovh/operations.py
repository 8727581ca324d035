"""All operations of the dialect in one table: those of `routes`, of the caller's own keys, and the documents."""

from depesza.dialects.ovh import auth, documents, me, openapi, schema
from depesza.dialects.ovh.route import Access, Route, delete, get, post, put
from depesza.dialects.ovh.routes import ORDER, SMS

# fmt: off
AUTH: tuple[Route, ...] = (
    get("/auth/time", "B", auth.time, "long", "Seconds since 1970", access=Access.OPEN),
    post("/auth/credential", "B", auth.request_credential, "auth.Credential", "Ask for a consumer key",
         "accessRules!:auth.AccessRule[] redirection allowedIPs:ipBlock[]", Access.KEY),
    get("/auth/currentCredential", "B", auth.current_credential, "api.Credential", "The credential in use",
        access=Access.LOGIN),
    get("/auth/details", "B", auth.details, "auth.Details", "Who calls, and what is allowed", access=Access.LOGIN),
    post("/auth/logout", "C", auth.logout, "void", "End the consumer key in use", access=Access.LOGIN),
)

ME: tuple[Route, ...] = (
    get("/me", "B", me.me, "nichandle.Nichandle", "The owner of the credential"),
    get("/me/api/application", "C", me.applications, "long[]", "Applications"),
    get("/me/api/application/{applicationId}", "C", me.application, "api.Application"),
    delete("/me/api/application/{applicationId}", "C", me.drop_application, "void", "Delete it and its credentials"),
    get("/me/api/credential", "C", me.credentials, "long[]", "Credentials",
        "applicationId:long status:auth.CredentialStateEnum"),
    get("/me/api/credential/{credentialId}", "C", me.credential, "api.Credential"),
    put("/me/api/credential/{credentialId}", "C", me.change_credential, "void", "", "=api.Credential"),
    delete("/me/api/credential/{credentialId}", "C", me.drop_credential, "void"),
    get("/me/api/credential/{credentialId}/application", "C", me.credential_application, "api.Application"),
    get("/me/document", "C", documents.list_documents, "string[]", "Files"),
    post("/me/document", "C", documents.create_document, "me.Document", "Make a file",
         "name! tags:complexType.SafeKeyValue[]"),
    get("/me/document/{id}", "C", documents.show_document, "me.Document"),
    put("/me/document/{id}", "C", documents.change_document, "void", "", "=me.Document"),
    delete("/me/document/{id}", "C", documents.delete_document, "void"),
)

API: tuple[Route, ...] = (*AUTH, *ME, *SMS, *ORDER)

DOCUMENTS: tuple[Route, ...] = (
    get("/", "B", schema.index, "api.Index", "Documents there are", access=Access.OPEN),
    *(
        get(f"/{name}.json", "B", schema.document(name, rows), "api.Schema", access=Access.OPEN)
        for name, rows in (("auth", AUTH), ("me", ME), ("order", ORDER), ("sms", SMS))
    ),
    get("/openapi.json", "C", openapi.document(API), "api.OpenApi",
        "All that is done, as OpenAPI 3.1", access=Access.OPEN),
)
# fmt: on

OPERATIONS: tuple[Route, ...] = (*DOCUMENTS, *API)

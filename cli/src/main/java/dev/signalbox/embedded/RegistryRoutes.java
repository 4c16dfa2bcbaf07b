package dev.signalbox.embedded;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import java.util.List;

/** Which rule answers which request: the table of the registry's REST API. Pure. */
final class RegistryRoutes {
    private RegistryRoutes() {
    }

    static RegistryDecision route(RegistryState state, RegistryRequest request) {
        List<String> path = request.path();
        return switch (path.isEmpty() ? "" : path.getFirst()) {
            case "" -> RegistryDecision.answer(JsonNodeFactory.instance.objectNode());
            case "subjects" -> subjects(state, request);
            case "schemas" -> schemas(state, request);
            case "compatibility" -> compatibility(state, request);
            case "config" -> config(state, request);
            case "mode" -> mode(state, request);
            default -> notFound();
        };
    }

    private static RegistryDecision subjects(RegistryState state, RegistryRequest request) {
        List<String> path = request.path();
        String subject = path.size() > 1 ? path.get(1) : "";
        if (path.size() > 2 && !path.get(2).equals("versions")) {
            return notFound();
        }
        return switch (request.method() + " " + path.size()) {
            case "GET 1" -> RegistryReads.subjects(state, request);
            case "GET 3" -> RegistryReads.versions(state, subject, request);
            case "GET 4" -> RegistryReads.version(state, subject, path.get(3), request);
            case "GET 5" ->
                path.get(4).equals("schema") ? RegistryReads.text(state, subject, path.get(3), request) : notFound();
            case "POST 2" -> RegistryReads.lookUp(state, subject, request);
            case "POST 3" -> RegistryChanges.register(state, subject, request);
            case "DELETE 2" -> RegistryChanges.deleteSubject(state, subject, request);
            case "DELETE 4" -> RegistryChanges.deleteVersion(state, subject, path.get(3), request);
            default -> wrongMethod();
        };
    }

    private static RegistryDecision schemas(RegistryState state, RegistryRequest request) {
        List<String> path = request.path();
        if (!request.method().equals("GET")) {
            return wrongMethod();
        }
        if (path.equals(List.of("schemas", "types"))) {
            return RegistryDecision.answer(JsonNodeFactory.instance.arrayNode().add("AVRO"));
        }
        if (path.size() < 3 || path.size() > 4 || !path.get(1).equals("ids")) {
            return notFound();
        }
        return switch (path.size() == 3 ? "" : path.get(3)) {
            case "" -> RegistryReads.schema(state, path.get(2));
            case "schema" -> RegistryReads.schemaText(state, path.get(2));
            case "versions" -> RegistryReads.usesOf(state, path.get(2), request);
            case "subjects" -> RegistryReads.subjectsOf(state, path.get(2), request);
            default -> notFound();
        };
    }

    private static RegistryDecision compatibility(RegistryState state, RegistryRequest request) {
        List<String> path = request.path();
        if (path.size() < 4 || path.size() > 5 || !path.get(1).equals("subjects") || !path.get(3).equals("versions")) {
            return notFound();
        }
        if (!request.method().equals("POST")) {
            return wrongMethod();
        }
        return RegistryReads.compatible(state, path.get(2), path.size() == 5 ? path.get(4) : "", request);
    }

    private static RegistryDecision config(RegistryState state, RegistryRequest request) {
        String subject = request.path().size() > 1 ? request.path().get(1) : "";
        return switch (request.method()) {
            case "GET" -> RegistryReads.level(state, subject, request);
            case "PUT" -> RegistryChanges.setLevel(subject, request);
            case "DELETE" -> RegistryChanges.clearLevel(state, subject);
            default -> wrongMethod();
        };
    }

    private static RegistryDecision mode(RegistryState state, RegistryRequest request) {
        String subject = request.path().size() > 1 ? request.path().get(1) : "";
        return switch (request.method()) {
            case "GET" -> RegistryReads.mode(state, subject, request);
            case "PUT" -> RegistryChanges.setMode(subject, request);
            case "DELETE" -> RegistryChanges.clearMode(state, subject);
            default -> wrongMethod();
        };
    }

    private static RegistryDecision notFound() {
        return RegistryDecision.error(404, "HTTP 404 Not Found");
    }

    private static RegistryDecision wrongMethod() {
        return RegistryDecision.error(405, "HTTP 405 Method Not Allowed");
    }
}

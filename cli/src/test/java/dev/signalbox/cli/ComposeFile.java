package dev.signalbox.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.dataformat.yaml.YAMLMapper;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SequencedMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What {@code docker-compose.yml} says of the containers that run our image. */
final class ComposeFile {
    private static final Pattern PLACE = Pattern.compile("([a-z][a-z0-9-]*):([0-9]+)");

    /**
     * One container of ours.
     *
     * @param command arguments of {@code signalbox}
     * @param healthCheck the check's command and arguments; empty if there is none
     * @param mounts file of the checkout by path in the container; named volumes are left out
     */
    record Service(String name, List<String> command, List<String> healthCheck, Map<String, Path> mounts) {
        /** Each {@code host:port} that its command names. */
        List<Place> places() {
            return command.stream().flatMap(argument -> ComposeFile.places(argument).stream()).toList();
        }
    }

    /** A port of a service. */
    record Place(String host, int port) {
    }

    private final JsonNode services;
    private final Path root;

    ComposeFile(Path root) throws IOException {
        this.root = root;
        this.services = new YAMLMapper().readTree(root.resolve("docker-compose.yml").toFile()).path("services");
    }

    /** Names of all services, also of those that run another's image. */
    List<String> names() {
        List<String> names = new ArrayList<>();
        services.fieldNames().forEachRemaining(names::add);
        return names;
    }

    /** The services that run our command, as the file lists them. */
    SequencedMap<String, Service> ours() {
        SequencedMap<String, Service> ours = new LinkedHashMap<>();
        services.properties().forEach(entry -> {
            if (entry.getValue().path("image").asText().equals("signalbox")
                    && entry.getValue().path("entrypoint").isMissingNode()) {
                ours.put(entry.getKey(), service(entry.getKey(), entry.getValue()));
            }
        });
        return ours;
    }

    private Service service(String name, JsonNode said) {
        Map<String, Path> mounts = new LinkedHashMap<>();
        for (String volume : texts(said.path("volumes"))) {
            String[] parts = volume.split(":");
            if (parts[0].startsWith("./")) {
                mounts.put(parts[1], root.resolve(parts[0].substring(2)));
            }
        }
        List<String> check = texts(said.path("healthcheck").path("test"));
        return new Service(name, texts(said.path("command")), check.isEmpty() ? check : check.subList(1, check.size()),
                mounts);
    }

    private static List<String> texts(JsonNode array) {
        List<String> texts = new ArrayList<>();
        array.forEach(element -> texts.add(element.asText().replace("$$", "$")));
        return texts;
    }

    static List<Place> places(String text) {
        List<Place> places = new ArrayList<>();
        Matcher matcher = PLACE.matcher(text);
        while (matcher.find()) {
            places.add(new Place(matcher.group(1), Integer.parseInt(matcher.group(2))));
        }
        return places;
    }
}

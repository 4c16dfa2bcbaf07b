package dev.signalbox.embedded;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.apache.kafka.common.security.auth.SecurityProtocol;

/** A broker whose second listener asks for TLS and SASL; its only user is {@code alice} with the password {@code secret}. */
public record SecureBroker(EmbeddedBroker broker, Path clientProperties) implements AutoCloseable {
    public static final String LOGIN = "org.apache.kafka.common.security.plain.PlainLoginModule required ";
    private static final String PASSWORD = "only-for-this-test";

    /** Makes its keys in that folder, and the properties with which alice gets in. */
    public static SecureBroker start(Path folder) throws Exception {
        keytool(folder, "-genkeypair", "-alias", "broker", "-keyalg", "EC", "-dname", "CN=localhost", "-ext",
                "SAN=dns:localhost,ip:127.0.0.1", "-keystore", "broker.p12");
        trust(folder.resolve("broker.p12"), folder.resolve("trust.p12"));
        Path properties = Files.writeString(folder.resolve("client.properties"), """
            security.protocol=SASL_SSL
            sasl.mechanism=PLAIN
            sasl.jaas.config=%s username="alice" password="secret";
            ssl.truststore.location=%s
            ssl.truststore.password=%s
            ssl.truststore.type=PKCS12
            """.formatted(LOGIN, folder.resolve("trust.p12"), PASSWORD));
        return new SecureBroker(EmbeddedBroker.start(folder.resolve("secure-broker"),
                new BrokerOptions(0, Set.of(SecurityProtocol.SASL_SSL), Map.of(
                        "ssl.keystore.location", folder.resolve("broker.p12").toString(), "ssl.keystore.type", "PKCS12",
                        "ssl.keystore.password", PASSWORD, "ssl.key.password", PASSWORD,
                        "sasl.enabled.mechanisms", "PLAIN",
                        "listener.name.sasl_ssl.plain.sasl.jaas.config",
                        LOGIN + "user_alice=\"secret\";"))),
                properties);
    }

    /** {@code host:port} of the listener that asks. */
    public String bootstrapServers() {
        return broker.bootstrapServers(SecurityProtocol.SASL_SSL);
    }

    @Override
    public void close() {
        broker.close();
    }

    /** Not by {@code keytool} too: each is a JVM. */
    private static void trust(Path keys, Path trusted) throws Exception {
        KeyStore trust = KeyStore.getInstance("PKCS12");
        trust.load(null, null);
        trust.setCertificateEntry("broker",
                KeyStore.getInstance(keys.toFile(), PASSWORD.toCharArray()).getCertificate("broker"));
        try (OutputStream out = Files.newOutputStream(trusted)) {
            trust.store(out, PASSWORD.toCharArray());
        }
    }

    private static void keytool(Path folder, String... arguments) throws Exception {
        List<String> command = new java.util.ArrayList<>(
                List.of(Path.of(System.getProperty("java.home"), "bin", "keytool").toString()));
        command.addAll(List.of(arguments));
        command.addAll(List.of("-storepass", PASSWORD, "-storetype", "PKCS12"));
        Process process = new ProcessBuilder(command).directory(folder.toFile()).redirectErrorStream(true)
                .redirectOutput(folder.resolve("keytool.log").toFile()).start();
        assertThat(process.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(process.exitValue()).as(Files.readString(folder.resolve("keytool.log"))).isZero();
    }
}

package dev.signalbox.workers.vendor;

import dev.signalbox.config.Vendor;
import java.io.IOException;
import java.io.InputStream;
import java.net.InetSocketAddress;
import java.net.Proxy;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyStore;
import java.security.cert.Certificate;
import java.security.cert.CertificateFactory;
import java.util.Collection;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import javax.net.ssl.SSLContext;
import javax.net.ssl.TrustManager;
import javax.net.ssl.TrustManagerFactory;
import javax.net.ssl.X509TrustManager;
import okhttp3.Credentials;
import okhttp3.OkHttpClient;

/**
 * The client for each pair of proxy and authorities that vendors are configured with. They share connections and
 * threads; a connection is reused only for the same proxy and authorities. Bounded by the configuration's vendors.
 */
final class HttpTransports {
    private static final String PASSWORD = "Proxy-Authorization";

    private record Way(Optional<URI> proxy, Optional<Path> authorities) {
    }

    private final OkHttpClient direct;
    private final Map<Way, OkHttpClient> clients = new ConcurrentHashMap<>();

    HttpTransports(OkHttpClient direct) {
        this.direct = direct;
    }

    /** @throws IOException if the vendor's authorities cannot be read; it is read again at the next call */
    OkHttpClient of(Vendor vendor) throws IOException {
        if (vendor.httpProxy().isEmpty() && vendor.caFile().isEmpty()) {
            return direct;
        }
        Way way = new Way(vendor.httpProxy(), vendor.caFile());
        OkHttpClient known = clients.get(way);
        if (known != null) {
            return known;
        }
        OkHttpClient built = build(way);
        OkHttpClient earlier = clients.putIfAbsent(way, built);
        return earlier == null ? built : earlier;
    }

    private OkHttpClient build(Way way) throws IOException {
        OkHttpClient.Builder client = direct.newBuilder();
        way.proxy().ifPresent(proxy -> through(proxy, client));
        if (way.authorities().isPresent()) {
            try {
                trust(way.authorities().get(), client);
            } catch (GeneralSecurityException unreadable) {
                throw new IOException("no certificate authorities in " + way.authorities().get(), unreadable);
            }
        }
        return client.build();
    }

    /** The proxy resolves its own name at each connection; user and password stand in its URI. */
    private static void through(URI proxy, OkHttpClient.Builder client) {
        int port = proxy.getPort() < 0 ? 80 : proxy.getPort();
        client.proxy(new Proxy(Proxy.Type.HTTP, InetSocketAddress.createUnresolved(proxy.getHost(), port)));
        String userInfo = proxy.getUserInfo();
        if (userInfo != null) {
            int colon = userInfo.indexOf(':');
            String basic = Credentials.basic(colon < 0 ? userInfo : userInfo.substring(0, colon),
                    colon < 0 ? "" : userInfo.substring(colon + 1));
            // A tunnel is asked for by a request of its own; else the one request, sent once, must carry it.
            client.proxyAuthenticator((route, response) -> response.request().header(PASSWORD) == null
                    ? response.request().newBuilder().header(PASSWORD, basic).build()
                    : null);
            client.addInterceptor(chain -> chain.request().isHttps()
                    ? chain.proceed(chain.request())
                    : chain.proceed(chain.request().newBuilder().header(PASSWORD, basic).build()));
        }
    }

    private static void trust(Path file, OkHttpClient.Builder client) throws IOException, GeneralSecurityException {
        KeyStore authorities = KeyStore.getInstance(KeyStore.getDefaultType());
        authorities.load(null, null);
        Collection<? extends Certificate> certificates;
        try (InputStream pem = Files.newInputStream(file)) {
            certificates = CertificateFactory.getInstance("X.509").generateCertificates(pem);
        }
        int number = 0;
        for (Certificate certificate : certificates) {
            authorities.setCertificateEntry("ca-" + number++, certificate);
        }
        if (number == 0) {
            throw new GeneralSecurityException("the file holds no certificate");
        }
        TrustManagerFactory managers = TrustManagerFactory.getInstance(TrustManagerFactory.getDefaultAlgorithm());
        managers.init(authorities);
        SSLContext context = SSLContext.getInstance("TLS");
        context.init(null, managers.getTrustManagers(), null);
        for (TrustManager manager : managers.getTrustManagers()) {
            if (manager instanceof X509TrustManager x509) {
                client.sslSocketFactory(context.getSocketFactory(), x509);
                return;
            }
        }
        throw new GeneralSecurityException("no X.509 trust manager");
    }
}

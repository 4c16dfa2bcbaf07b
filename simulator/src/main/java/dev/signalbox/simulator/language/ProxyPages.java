package dev.signalbox.simulator.language;

import static java.nio.charset.StandardCharsets.UTF_8;

import dev.signalbox.simulator.fault.ErrorKind;
import dev.signalbox.simulator.language.HttpAnswer.Header;
import java.util.ArrayList;
import java.util.List;

/** What stands before a vendor and answers in its place: pages, no JSON. */
final class ProxyPages {
    private static final String HTML_502 = """
            <html>
            <head><title>502 Bad Gateway</title></head>
            <body>
            <center><h1>502 Bad Gateway</h1></center>
            <hr><center>cloudflare</center>
            </body>
            </html>
            """;
    private static final String HTML_504 = """
            <html>
            <head><title>504 Gateway Time-out</title></head>
            <body>
            <center><h1>504 Gateway Time-out</h1></center>
            <hr><center>nginx</center>
            </body>
            </html>
            """;
    private static final String HTML_520 = """
            <!DOCTYPE html>
            <html lang="en-US"><head><title>HOST | 520: Web server is returning an unknown error</title></head>
            <body><h1>Web server is returning an unknown error <span>Error code 520</span></h1></body></html>
            """;
    private static final String ENVOY_503 = "upstream connect error or disconnect/reset before headers. reset reason: "
            + "connection termination";

    private ProxyPages() {
    }

    static boolean covers(ErrorKind kind) {
        return switch (kind) {
            case BAD_GATEWAY, GATEWAY_TIMEOUT, CDN, UPSTREAM -> true;
            default -> false;
        };
    }

    /**
     * @param host that the page names
     * @param headers more of them
     */
    static HttpAnswer answer(ErrorKind kind, String host, List<Header> headers) {
        String page = switch (kind) {
            case BAD_GATEWAY -> HTML_502;
            case GATEWAY_TIMEOUT -> HTML_504;
            case CDN -> HTML_520.replace("HOST", host);
            case UPSTREAM -> ENVOY_503;
            default -> throw new IllegalArgumentException("no proxy answers " + kind);
        };
        List<Header> all = new ArrayList<>(headers);
        all.add(new Header("content-type", kind == ErrorKind.UPSTREAM ? "text/plain" : "text/html"));
        return new HttpAnswer(kind.status(), all, page.getBytes(UTF_8));
    }
}

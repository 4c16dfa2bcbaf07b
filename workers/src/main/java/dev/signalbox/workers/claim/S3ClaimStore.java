package dev.signalbox.workers.claim;

import dev.signalbox.config.ClaimSettings;
import dev.signalbox.schemas.claim.ClaimStore;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import software.amazon.awssdk.auth.credentials.AwsBasicCredentials;
import software.amazon.awssdk.auth.credentials.StaticCredentialsProvider;
import software.amazon.awssdk.core.ResponseInputStream;
import software.amazon.awssdk.core.checksums.RequestChecksumCalculation;
import software.amazon.awssdk.core.checksums.ResponseChecksumValidation;
import software.amazon.awssdk.core.exception.SdkException;
import software.amazon.awssdk.core.sync.RequestBody;
import software.amazon.awssdk.http.urlconnection.UrlConnectionHttpClient;
import software.amazon.awssdk.regions.Region;
import software.amazon.awssdk.services.s3.S3Client;
import software.amazon.awssdk.services.s3.S3ClientBuilder;
import software.amazon.awssdk.services.s3.S3Configuration;
import software.amazon.awssdk.services.s3.model.GetObjectResponse;
import software.amazon.awssdk.services.s3.model.NoSuchKeyException;
import software.amazon.awssdk.services.s3.model.S3Exception;

/**
 * A bucket of S3 or of a service that speaks its protocol. Requests carry no checksums beyond the signature's, which
 * services other than AWS often refuse: a body counts by the hash in its reference anyway.
 */
public final class S3ClaimStore implements ClaimStore {
    private static final Duration CONNECT_LIMIT = Duration.ofSeconds(5);
    private static final Duration SOCKET_LIMIT = Duration.ofSeconds(20);
    private static final Duration CALL_LIMIT = Duration.ofSeconds(60);

    private final S3Client client;
    private final ClaimSettings.Store.Bucket bucket;

    public S3ClaimStore(ClaimSettings.Store.Bucket bucket) {
        this.bucket = bucket;
        S3ClientBuilder builder = S3Client.builder()
                .httpClientBuilder(
                        UrlConnectionHttpClient.builder().connectionTimeout(CONNECT_LIMIT).socketTimeout(SOCKET_LIMIT))
                .region(Region.of(bucket.region()))
                .serviceConfiguration(S3Configuration.builder().pathStyleAccessEnabled(bucket.pathStyle())
                        .chunkedEncodingEnabled(false).build())
                .requestChecksumCalculation(RequestChecksumCalculation.WHEN_REQUIRED)
                .responseChecksumValidation(ResponseChecksumValidation.WHEN_REQUIRED)
                .overrideConfiguration(override -> override.apiCallTimeout(CALL_LIMIT));
        bucket.endpoint().ifPresent(builder::endpointOverride);
        bucket.keys().ifPresent(keys -> builder.credentialsProvider(StaticCredentialsProvider
                .create(AwsBasicCredentials.create(keys.accessKey().value(), keys.secretKey().value()))));
        this.client = builder.build();
    }

    @Override
    public void put(String key, byte[] body) throws IOException {
        try {
            client.putObject(
                    request -> request.bucket(bucket.bucket()).key(bucket.prefix() + key)
                            .contentType("application/json"),
                    RequestBody.fromBytes(body));
        } catch (SdkException e) {
            throw failure(e);
        }
    }

    @Override
    public Optional<byte[]> get(String key, int limitBytes) throws IOException {
        try (ResponseInputStream<GetObjectResponse> content = client
                .getObject(request -> request.bucket(bucket.bucket()).key(bucket.prefix() + key))) {
            byte[] body = content.readNBytes(limitBytes);
            if (body.length == limitBytes) {
                content.abort();
            }
            return Optional.of(body);
        } catch (NoSuchKeyException e) {
            return Optional.empty();
        } catch (SdkException e) {
            throw failure(e);
        }
    }

    /** Without the service's own text, which may quote what was sent. */
    private static IOException failure(SdkException e) {
        return new IOException(e instanceof S3Exception answer
                ? "S3 answered " + answer.statusCode()
                : "S3 did not answer: " + e.getClass().getSimpleName());
    }

    @Override
    public void close() {
        client.close();
    }
}

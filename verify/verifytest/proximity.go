package verifytest

import "crypto/ecdsa"

// ProximityTranscript is the SessionTranscript of a session that a QR code
// started: DeviceEngagementBytes with the wallet's ephemeral key, EReaderKeyBytes,
// and null (ISO/IEC 18013-5 12.6.1).
func ProximityTranscript(device, reader *ecdsa.PublicKey) ([]byte, error) {
	deviceKey, err := Encode24(COSEKey(device))
	if err != nil {
		return nil, err
	}
	// Cipher suite 1, and BLE in the peripheral server mode as the one retrieval
	// method.
	engagement, err := Encode24(map[any]any{
		0: "1.0",
		1: []any{1, deviceKey},
		2: []any{[]any{2, 1, map[any]any{0: true, 1: false, 10: randomBytes(16)}}},
	})
	if err != nil {
		return nil, err
	}
	readerKey, err := Encode24(COSEKey(reader))
	if err != nil {
		return nil, err
	}
	return encode([]any{engagement, readerKey, nil})
}
